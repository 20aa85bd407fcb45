import type { BeltView } from '../belt-data.ts';

export interface BeltWords {
  title: string;
  simulated: string;
  empty: string;
  runs: string;
  stands: Record<NonNullable<BeltView['stands']>, string>;
  notConnected: string;
  handshake: string;
  totals: string;
  controls: string;
  faults: string;
  start: string;
  stop: string;
  reset: string;
  legend: { pending: string; accepted: string; rejected: string; doubtful: string; defect: string };
  sensor: string;
  trigger: string;
  check: string;
  ejector: string;
  goodBox: string;
  rejectBin: string;
  yes: string;
  no: string;
  none: string;
  noContact: string;
  signIn: string;
  mayNot: string;
  from: (seconds: number) => string;
  belt: (parts: number) => string;
  result: (triggerId: number, verdict: string, accept: boolean) => string;
  verdicts: string[];
  names: {
    link: string;
    plcTrigger: string;
    allReject: string;
    plcFaults: string;
    entered: string;
    goodRight: string;
    goodWrong: string;
    rejected: string;
    rejectedAccepted: string;
    byHand: string;
    notInspected: string;
    lost: string;
    model: string;
  };
  model: (missed: number, falsely: number) => string;
  fault: Record<string, string>;
}

const en: BeltWords = {
  title: 'PLC simulator',
  simulated: 'Everything on this page is simulated, but for the station that is asked: a desk test, not a line.',
  empty: 'The simulator has not told anything yet.',
  runs: 'The line runs',
  stands: {
    'switched off': 'The line is switched off',
    'cycle stalls': 'The PLC’s program stands still; its outputs have dropped',
    restarted: 'The PLC was restarted and waits: clear and reset',
    fault: 'The line stands because of a fault: clear and reset',
  },
  notConnected: 'not connected',
  handshake: 'What PLC and station say to each other',
  totals: 'Where the parts went',
  controls: 'Line',
  faults: 'Faults to try',
  start: 'Start the line',
  stop: 'Stop the line',
  reset: 'Clear behind the ejector, empty the bin, reset',
  legend: {
    pending: 'REJECT: no answer yet',
    accepted: 'accepted',
    rejected: 'rejected',
    doubtful: 'unsure: blown off',
    defect: 'part with a defect',
  },
  sensor: 'sensor',
  trigger: 'trigger',
  check: 'check',
  ejector: 'ejector',
  goodBox: 'good box',
  rejectBin: 'reject bin',
  yes: 'yes',
  no: 'no',
  none: 'none',
  noContact: 'No contact with Node-RED.',
  signIn: 'You are not signed in, or may not see this. Sign in to Node-RED’s editor in this browser.',
  mayNot: 'You may not do this.',
  from: (seconds) => `What you see is ${seconds} s old.`,
  belt: (parts) => `Belt with ${parts} parts`,
  result: (id, verdict, accept) => `TriggerId ${id}: ${verdict}, ${accept ? 'Accept' : 'no Accept'}`,
  verdicts: ['none', 'pass', 'warn', 'fail', 'not inspected'],
  names: {
    link: 'Connection',
    plcTrigger: 'TriggerId that the PLC writes',
    allReject: 'AllReject',
    plcFaults: 'Faults of the PLC’s blocks',
    entered: 'Entered, on the belt',
    goodRight: 'Good box',
    goodWrong: 'In the good box without Accept',
    rejected: 'Reject bin',
    rejectedAccepted: 'Accepted, but blown off',
    byHand: 'Taken off by hand',
    notInspected: 'Not inspected',
    lost: 'Lost',
    model: 'The model against the truth',
  },
  model: (missed, falsely) => `${missed} defects missed, ${falsely} good parts rejected`,
  fault: {
    'ejector-sticks': 'Ejector sticks',
    'confirmation-dead': 'Confirmation sensor dead',
    'bin-full': 'Bin full',
    'encoder-stops': 'Encoder stops',
    'cycle-stalls': 'PLC cycle stalls',
    'cable-pulled': 'Cable pulled',
    'heartbeat-frozen': 'Heartbeat frozen',
    'wrong-recipe': 'Wrong recipe expected',
    'acknowledgements-withheld': 'Acknowledgements withheld',
    'double-part': 'Two parts in one slot',
    'missed-pulse': 'One pulse missing',
    'extra-pulse': 'One pulse too many',
    'plc-restart': 'PLC restarts',
  },
};

const de: BeltWords = {
  title: 'SPS-Simulator',
  simulated:
    'Alles auf dieser Seite ist simuliert, nur die gefragte Station nicht: ein Test am Schreibtisch, keine Linie.',
  empty: 'Der Simulator hat noch nichts gemeldet.',
  runs: 'Die Linie läuft',
  stands: {
    'switched off': 'Die Linie ist ausgeschaltet',
    'cycle stalls': 'Das Programm der SPS steht; ihre Ausgänge sind abgefallen',
    restarted: 'Die SPS wurde neu gestartet und wartet: räumen und zurücksetzen',
    fault: 'Die Linie steht wegen einer Störung: räumen und zurücksetzen',
  },
  notConnected: 'nicht verbunden',
  handshake: 'Was SPS und Station einander sagen',
  totals: 'Wohin die Teile gingen',
  controls: 'Linie',
  faults: 'Störungen zum Ausprobieren',
  start: 'Linie starten',
  stop: 'Linie anhalten',
  reset: 'Hinter dem Auswerfer räumen, Behälter leeren, zurücksetzen',
  legend: {
    pending: 'AUSSCHUSS: noch keine Antwort',
    accepted: 'angenommen',
    rejected: 'abgelehnt',
    doubtful: 'unklar: wird ausgeworfen',
    defect: 'Teil mit Fehler',
  },
  sensor: 'Sensor',
  trigger: 'Auslöser',
  check: 'Kontrolle',
  ejector: 'Auswerfer',
  goodBox: 'Gutteile',
  rejectBin: 'Ausschuss',
  yes: 'ja',
  no: 'nein',
  none: 'keine',
  noContact: 'Keine Verbindung zu Node-RED.',
  signIn:
    'Sie sind nicht angemeldet oder dürfen dies nicht sehen. Melden Sie sich in diesem Browser am Editor von Node-RED an.',
  mayNot: 'Das dürfen Sie nicht.',
  from: (seconds) => `Die Anzeige ist ${seconds} s alt.`,
  belt: (parts) => `Band mit ${parts} Teilen`,
  result: (id, verdict, accept) => `TriggerId ${id}: ${verdict}, ${accept ? 'Accept' : 'kein Accept'}`,
  verdicts: ['keines', 'gut', 'Warnung', 'schlecht', 'nicht geprüft'],
  names: {
    link: 'Verbindung',
    plcTrigger: 'TriggerId, die die SPS schreibt',
    allReject: 'AllReject',
    plcFaults: 'Störungen der SPS-Bausteine',
    entered: 'Zugeführt, auf dem Band',
    goodRight: 'Gutteile',
    goodWrong: 'Bei den Gutteilen ohne Accept',
    rejected: 'Ausschuss',
    rejectedAccepted: 'Angenommen, aber ausgeworfen',
    byHand: 'Von Hand entnommen',
    notInspected: 'Nicht geprüft',
    lost: 'Verloren',
    model: 'Das Modell gegen die Wahrheit',
  },
  model: (missed, falsely) => `${missed} Fehler übersehen, ${falsely} gute Teile abgelehnt`,
  fault: {
    'ejector-sticks': 'Auswerfer klemmt',
    'confirmation-dead': 'Auswurfsensor tot',
    'bin-full': 'Behälter voll',
    'encoder-stops': 'Drehgeber steht',
    'cycle-stalls': 'SPS-Zyklus bleibt stehen',
    'cable-pulled': 'Kabel gezogen',
    'heartbeat-frozen': 'Lebenszeichen steht',
    'wrong-recipe': 'Falsches Rezept erwartet',
    'acknowledgements-withheld': 'Quittungen zurückgehalten',
    'double-part': 'Zwei Teile auf einem Platz',
    'missed-pulse': 'Ein Impuls fehlt',
    'extra-pulse': 'Ein Impuls zu viel',
    'plc-restart': 'SPS startet neu',
  },
};

/** German for a browser that asks for it first, English for all others. */
export function beltWords(language: string): { words: BeltWords; language: 'en' | 'de' } {
  return /^de\b/i.test(language) ? { words: de, language: 'de' } : { words: en, language: 'en' };
}
