/** Status bits in wire order (register 2, coils 0..15). Of Pass, Warn, Fail, Invalid exactly one is set while ResultValid. */
export const statusBits = [
  'Ready',
  'Busy',
  'ResultValid',
  'Pass',
  'Warn',
  'Fail',
  'Invalid',
  'Accept',
  'Fault',
  'Online',
  'ExposureDone',
  'Stale',
  'Overrun',
  'AlarmLatched',
  'StopRequest',
  'HeartbeatToggle',
] as const;

/** Health bits in wire order (register 3, coils 16..31; bits 10..15 are 0). */
export const healthBits = [
  'CameraOk',
  'EngineOk',
  'EvidenceOk',
  'ClockSynchronised',
  'Degraded',
  'NotValidated',
  'ChallengeDue',
  'CommissioningHeld',
  'Shadow',
  'Simulated',
] as const;

export type StatusBit = (typeof statusBits)[number];
export type HealthBit = (typeof healthBits)[number];
