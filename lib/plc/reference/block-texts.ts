type Row = readonly [code: number, en: string, de: string];

/** Faults of FB_GoodpartStation, most urgent first: FaultCode shows the first one that is active. */
export const stationFaults = {
  badParameter: [
    605,
    'A limit of the station block is 0 or above 600000 ms',
    'Eine Grenze des Stationsbausteins ist 0 oder größer als 600000 ms',
  ],
  linkDown: [601, 'The connection to the station is down', 'Die Verbindung zur Station ist unterbrochen'],
  wrongMap: [
    602,
    'What is read is not the register map of this block',
    'Gelesen wird nicht das Registerabbild, das dieser Baustein kennt',
  ],
  wrongWordOrder: [
    603,
    'The word order is wrong: the proof values do not fit',
    'Die Wortreihenfolge ist falsch: Die Prüfwerte passen nicht',
  ],
  heartbeatStopped: [604, 'The station’s heartbeat stands still', 'Das Lebenszeichen der Station steht still'],
  tornRead: [606, 'The result that is read contradicts itself', 'Das gelesene Ergebnis widerspricht sich'],
  stationRestarted: [607, 'The station was restarted', 'Die Station wurde neu gestartet'],
  countMismatch: [
    614,
    'The station accepted a trigger that this block did not send',
    'Die Station hat einen Trigger angenommen, den dieser Baustein nicht gesendet hat',
  ],
  unknownResult: [
    612,
    'A result came for a trigger that this block does not know',
    'Es kam ein Ergebnis zu einem Trigger, den dieser Baustein nicht kennt',
  ],
  outOfOrder: [613, 'A result came before that of an earlier part', 'Ein Ergebnis kam vor dem eines früheren Teils'],
  resultsLost: [
    611,
    'Results were overwritten before they were read',
    'Ergebnisse wurden überschrieben, bevor sie gelesen waren',
  ],
  noAnswer: [
    608,
    'The station did not answer a trigger in time',
    'Die Station hat einen Trigger nicht rechtzeitig beantwortet',
  ],
  resultMissing: [
    609,
    'No result came within the station’s deadline',
    'Innerhalb der Frist der Station kam kein Ergebnis',
  ],
  lateResult: [
    610,
    'A result came after its time; the part stays REJECT',
    'Ein Ergebnis kam nach Ablauf der Frist; das Teil bleibt Ausschuss',
  ],
  commandNoAnswer: [
    615,
    'The station did not answer a command in time',
    'Die Station hat einen Befehl nicht rechtzeitig beantwortet',
  ],
  dispositionLost: [
    616,
    'A disposition was given while the last one was not yet written',
    'Ein Verbleib wurde gemeldet, bevor der letzte geschrieben war',
  ],
} as const satisfies Record<string, Row>;

/** Faults of FB_GoodpartTrack, most urgent first. */
export const trackFaults = {
  badParameter: [
    701,
    'The positions of the track block do not fit each other',
    'Die Positionen des Verfolgungsbausteins passen nicht zueinander',
  ],
  ejectFailed: [
    708,
    'A part to be ejected was not seen leaving the line',
    'Ein auszuschleusendes Teil wurde nicht beim Verlassen der Linie erkannt',
  ],
  binFull: [710, 'The reject bin is full', 'Der Ausschussbehälter ist voll'],
  missedPulse: [
    702,
    'The line moves but no pulse of the clock or encoder came',
    'Die Linie läuft, aber es kam kein Takt- oder Geberimpuls',
  ],
  extraPulse: [
    703,
    'Two pulses of the clock or encoder came too close together',
    'Zwei Takt- oder Geberimpulse kamen zu dicht nacheinander',
  ],
  outOfStep: [
    704,
    'The check sensor and the tracked slots do not agree',
    'Kontrollsensor und verfolgte Plätze stimmen nicht überein',
  ],
  twoParts: [705, 'Two parts came into one slot', 'Zwei Teile kamen auf einen Platz'],
  noGap: [
    706,
    'The part sensor stayed covered over a whole slot',
    'Der Teilesensor blieb über einen ganzen Platz bedeckt',
  ],
  triggerLost: [
    707,
    'A part left the trigger position before its trigger was sent',
    'Ein Teil verließ die Triggerposition, bevor sein Trigger gesendet war',
  ],
  unexpectedEject: [
    709,
    'A part left the line that was not to be ejected',
    'Ein Teil verließ die Linie, das nicht auszuschleusen war',
  ],
  dispositionLost: [
    711,
    'Too many dispositions were waiting to be reported',
    'Zu viele Verbleibsmeldungen warteten auf die Übertragung',
  ],
} as const satisfies Record<string, Row>;

/** Why FB_GoodpartStation did not send a trigger at all; the station's own reasons are below 100. */
export const notIssuedReasons = {
  allReject: [
    901,
    'Not sent: the station cannot be trusted now, all slots are REJECT',
    'Nicht gesendet: Der Station ist gerade nicht zu trauen, alle Plätze sind Ausschuss',
  ],
  unanswered: [
    902,
    'Not sent: the trigger before is not answered yet',
    'Nicht gesendet: Der vorige Trigger ist noch nicht beantwortet',
  ],
  tooMany: [903, 'Not sent: eight parts are in flight', 'Nicht gesendet: Acht Teile sind unterwegs'],
} as const satisfies Record<string, Row>;

export type StationFault = keyof typeof stationFaults;
export type TrackFault = keyof typeof trackFaults;
export type Faults<K extends string> = Record<K, boolean>;

export function noFaults<K extends string>(table: Record<K, Row>): Faults<K> {
  return Object.fromEntries(Object.keys(table).map((key) => [key, false])) as Faults<K>;
}

/** Code of the first fault in the table's order, 0 none. */
export function faultCodeOf<K extends string>(table: Record<K, Row>, faults: Faults<K>): number {
  const first = (Object.keys(table) as K[]).find((key) => faults[key]);
  return first === undefined ? 0 : table[first][0];
}
