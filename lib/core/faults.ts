/**
 * What a station's FaultCode says: 1xx camera, 2xx engine or model, 3xx recipe or validation, 4xx evidence or disk, 5xx internal. English
 * and German; numbers never change their meaning. A test holds that the code raises no other.
 */
const table = {
  101: ['The camera gives no pictures', 'Die Kamera liefert keine Bilder'],
  110: ['The scene check cannot look at pictures', 'Die Szenenprüfung kann keine Bilder ansehen'],
  201: ['The model cannot be run', 'Das Modell kann nicht ausgeführt werden'],
  301: ['A stored recipe is damaged', 'Ein gespeichertes Rezept ist beschädigt'],
  401: ['Records or pictures cannot be written', 'Aufzeichnungen oder Bilder können nicht geschrieben werden'],
  501: ['Node-RED does not answer', 'Node-RED antwortet nicht'],
  502: ['A fault in the station itself', 'Ein Fehler in der Station selbst'],
  503: ['The station’s stored state is damaged', 'Der gespeicherte Zustand der Station ist beschädigt'],
} as const satisfies Record<number, readonly [string, string]>;

/** The whole table, by code. */
export function faultTable(): { code: number; en: string; de: string }[] {
  return Object.entries(table).map(([code, [en, de]]) => ({ code: Number(code), en, de }));
}
