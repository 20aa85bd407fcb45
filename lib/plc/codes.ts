import { faultTable } from '../core/faults.ts';
import { reasonTable } from '../core/reasons.ts';
import { germanReasons } from '../core/reasons-de.ts';
import { notIssuedReasons, stationFaults, trackFaults } from './reference/block-texts.ts';

export interface CodeText {
  code: number;
  /** Name of the constant in the PLC, in capitals. */
  name: string;
  en: string;
  de: string;
}

export interface CodeList {
  name: string;
  /** Tags and outputs that carry these numbers. */
  used: string;
  rows: CodeText[];
}

const rows = (...list: [code: number, name: string, en: string, de: string][]): CodeText[] =>
  list.map(([code, name, en, de]) => ({ code, name, en, de }));

const capitals = (key: string): string => key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();

const blockRows = (table: Record<string, readonly [number, string, string]>, prefix: string): CodeText[] =>
  Object.entries(table)
    .map(([key, [code, en, de]]) => ({ code, name: `${prefix}_${capitals(key)}`, en, de }))
    .sort((a, b) => a.code - b.code);

const reasons: CodeText[] = reasonTable().map(({ key, code, text }) => ({
  code,
  name: `REASON_${capitals(key)}`,
  en: text,
  de: germanReasons[key],
}));

/** 60..79: why a trigger was refused, or why none would be taken now. */
const refusing = ({ code }: CodeText) => code >= 60 && code < 80;

/** Every number a PLC can meet, with its texts. */
export const codeLists: readonly CodeList[] = [
  {
    name: 'ResultCode',
    used: 'Result.Code, Shadow.Code, Ring.Code; Roi.Code without 4',
    rows: rows(
      [0, 'CODE_NONE', 'None', 'Keins'],
      [1, 'CODE_PASS', 'Pass', 'Gut'],
      [2, 'CODE_WARN', 'Warn', 'Auffällig'],
      [3, 'CODE_FAIL', 'Fail', 'Schlecht'],
      [4, 'CODE_INVALID', 'Not inspected', 'Nicht geprüft'],
    ),
  },
  { name: 'Reason', used: 'Result.Reason, Ring.Reason', rows: reasons.filter((row) => !refusing(row)) },
  {
    name: 'Refusal',
    used: 'Status.RejectedReason, Status.NotReadyReason; NotIssuedReason of FB_GoodpartStation',
    rows: [
      ...rows([0, 'REFUSAL_NONE', 'None', 'Keiner']),
      ...reasons.filter((row) => refusing(row) || row.name === 'REASON_STATION_HUNG'),
      ...blockRows(notIssuedReasons, 'NOT_ISSUED'),
    ].sort((a, b) => a.code - b.code),
  },
  {
    name: 'Fault',
    used: 'Status.FaultCode',
    rows: [
      ...rows([0, 'FAULT_NONE', 'No fault', 'Keine Störung']),
      ...faultTable().map(({ code, en, de }) => ({ code, name: `FAULT_${code}`, en, de })),
    ],
  },
  {
    name: 'BlockFault',
    used: 'FaultCode of FB_GoodpartStation and FB_GoodpartTrack',
    rows: [
      ...rows([0, 'BLOCK_FAULT_NONE', 'No fault', 'Keine Störung']),
      ...blockRows(stationFaults, 'STATION_FAULT'),
      ...blockRows(trackFaults, 'TRACK_FAULT'),
    ],
  },
  {
    name: 'Mode',
    used: 'Status.Mode',
    rows: rows(
      [0, 'MODE_OFFLINE', 'Offline', 'Offline'],
      [1, 'MODE_COMMISSIONING', 'Commissioning', 'Inbetriebnahme'],
      [2, 'MODE_SHADOW', 'Shadow', 'Schattenbetrieb'],
      [3, 'MODE_RUN', 'Run', 'Betrieb'],
    ),
  },
  {
    name: 'NE107',
    used: 'Status.NE107',
    rows: rows(
      [0, 'NE107_GOOD', 'Good', 'Gut'],
      [1, 'NE107_FAILURE', 'Failure', 'Ausfall'],
      [2, 'NE107_FUNCTION_CHECK', 'Function check', 'Funktionskontrolle'],
      [3, 'NE107_OUT_OF_SPECIFICATION', 'Out of specification', 'Außerhalb der Spezifikation'],
      [4, 'NE107_MAINTENANCE', 'Maintenance required', 'Wartungsbedarf'],
    ),
  },
  {
    name: 'Command',
    used: 'Command.Code, Status.CommandAck',
    rows: rows(
      [0, 'COMMAND_NONE', 'None', 'Keiner'],
      [1, 'COMMAND_ONLINE', 'Online', 'Online'],
      [2, 'COMMAND_OFFLINE', 'Offline', 'Offline'],
      [3, 'COMMAND_SELECT_RECIPE', 'Select recipe', 'Rezept wählen'],
      [4, 'COMMAND_ACKNOWLEDGE_FAULT', 'Acknowledge fault', 'Störung quittieren'],
      [5, 'COMMAND_RESET_ALARM', 'Reset alarm latch', 'Alarm zurücksetzen'],
      [6, 'COMMAND_RESET_COUNTERS', 'Reset counters', 'Zähler zurücksetzen'],
      [7, 'COMMAND_CHALLENGE_BEGINS', 'Challenge begins', 'Prüfteildurchlauf beginnt'],
      [8, 'COMMAND_CHALLENGE_ENDS', 'Challenge ends', 'Prüfteildurchlauf endet'],
    ),
  },
  {
    name: 'CommandStatus',
    used: 'Status.CommandStatus',
    rows: rows(
      [0, 'COMMAND_STATUS_IDLE', 'Idle', 'Frei'],
      [1, 'COMMAND_STATUS_RUNNING', 'Running', 'Läuft'],
      [2, 'COMMAND_STATUS_DONE', 'Done', 'Ausgeführt'],
      [3, 'COMMAND_STATUS_REFUSED', 'Refused', 'Abgelehnt'],
      [4, 'COMMAND_STATUS_FAILED', 'Failed', 'Fehlgeschlagen'],
    ),
  },
  {
    name: 'Disposition',
    used: 'Command.DispositionCode',
    rows: rows(
      [0, 'DISPOSITION_NONE', 'None', 'Keiner'],
      [1, 'DISPOSITION_ACCEPTED', 'Accepted', 'Weitergegeben'],
      [2, 'DISPOSITION_EJECTED', 'Ejected', 'Ausgeschleust'],
      [3, 'DISPOSITION_REWORK', 'Rework', 'Nacharbeit'],
      [4, 'DISPOSITION_SCRAP', 'Scrap', 'Verschrottet'],
      [5, 'DISPOSITION_EJECT_FAILED', 'Eject failed', 'Ausschleusen fehlgeschlagen'],
    ),
  },
];

/** The HMI's text list in one language: CSV, RFC 4180 with LF, UTF-8 with the mark that spreadsheets look for. */
export function textListCsv(language: 'en' | 'de'): string {
  const cell = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const lines = codeLists.flatMap((list) =>
    list.rows.map((row) => [list.name, `${row.code}`, cell(row[language])].join(',')),
  );
  return `\ufeff${['list,value,text', ...lines].join('\n')}\n`;
}
