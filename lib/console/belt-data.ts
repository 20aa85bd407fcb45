/** What the page of a simulated line needs to draw it: `lib/plc`'s simulator tells all of it. Positions in slots. */
export interface BeltView {
  moving: boolean;
  running: boolean;
  stands: 'switched off' | 'cycle stalls' | 'restarted' | 'fault' | null;
  gateOpen: boolean;
  layout: { triggerPosition: number; checkPosition: number; ejectPosition: number; endPosition: number };
  phase: number;
  parts: { number: number; defect: boolean; position: number }[];
  slots: BeltSlot[];
  inBin: number;
  link: { connected: boolean; text: string; periodMs: number };
  station: {
    ready: boolean;
    busy: boolean;
    open: number;
    heartbeat: number;
    bootId: number;
    acceptedTrigger: number;
    rejectedTrigger: number;
    faultCode: number;
    lastResult: { sequence: number; triggerId: number; code: number; accept: boolean } | null;
  };
  plc: {
    triggerId: number;
    resultAck: number;
    allReject: boolean;
    inFlight: number;
    faults: { code: number; en: string; de: string }[];
  };
  /** Names of the simulated faults that are switched on. */
  faults: string[];
  totals: {
    entered: number;
    onBelt: number;
    goodBox: { right: number; wrong: number };
    rejectBin: { right: number; wrong: number };
    byHand: number;
    lost: number;
    triggered: number;
    notTriggered: number;
    refused: number;
    results: number;
    model: { missedDefects: number; falseRejects: number };
  };
}

export interface BeltSlot {
  slot: number;
  occupied: boolean;
  accept: boolean;
  doubtful: boolean;
  settled: boolean;
  triggerId: number;
}

/** The JSON behind the page; `view` is null until the simulator has told anything. */
export interface BeltAnswer {
  name: string;
  faults: { name: string; once: boolean }[];
  view: BeltView | null;
}
