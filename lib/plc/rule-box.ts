/** Who is responsible for what: printed wherever the map is shown (PLC.md section 1). */
export const plcRule = [
  'Every tracked slot starts as REJECT. Only a result with the slot’s TriggerId, in time, with Accept = 1, changes it.',
  'A changed BootId, a heartbeat that stands still longer than its limit, or a trigger count that does not match sets all slots to REJECT.',
] as const;
