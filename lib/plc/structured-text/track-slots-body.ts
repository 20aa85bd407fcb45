import { indented as inside } from './block.ts';

/** The reference's `doubt`: this slot is ejected, whether something lies in it or not. */
export const doubt = (index: string): string => `Slots[${index}].Doubtful := TRUE;
Slots[${index}].Accept := FALSE;
Slots[${index}].Requested := FALSE;
Slots[${index}].Settled := TRUE;`;

/** The reference's `doubtAll`: every slot before the eject position. */
export const doubtAll = `FOR I := 0 TO EjectPosition - 1 DO
${inside(doubt('I'), 2)}
END_FOR;`;

const emptySlot = (index: string): string => `Slots[${index}].Occupied := FALSE;
Slots[${index}].Accept := FALSE;
Slots[${index}].Settled := FALSE;
Slots[${index}].Requested := FALSE;
Slots[${index}].Doubtful := FALSE;
Slots[${index}].TriggerId := 0;`;

/** The reference's `moveSlots`. */
export const moveBody = `// One tick: everything moves one slot on, and what comes to the trigger position asks for its trigger.
FOR I := 0 TO LAST_SLOT DO
  IF Slots[I].Requested THEN
    Slots[I].Requested := FALSE;
    Slots[I].Settled := TRUE;
    Faults.TriggerLost := TRUE;
  END_IF;
END_FOR;
IF CheckPosition > 0 THEN
  IF NOT Slots[CheckPosition].Doubtful AND Slots[CheckPosition].Occupied <> CheckSeen THEN
    Faults.OutOfStep := TRUE;
${inside(doubtAll, 4)}
  END_IF;
END_IF;
CheckSeen := FALSE;
CoveredLong := Covered AND PartSensor;
Covered := PartSensor;
FOR I := LAST_SLOT TO 1 BY -1 DO
  Slots[I] := Slots[I - 1];
END_FOR;
${emptySlot('0')}
FOR I := SlotCount TO LAST_SLOT DO
${inside(emptySlot('I'), 2)}
END_FOR;
IF CoveredLong THEN
  Faults.NoGap := TRUE;
  FOR I := 0 TO 2 DO
    Slots[I].Occupied := TRUE;
    Slots[I].Accept := FALSE;
    Slots[I].Settled := TRUE;
  END_FOR;
END_IF;
IF Slots[TriggerPosition].Occupied AND NOT Slots[TriggerPosition].Settled AND Slots[TriggerPosition].TriggerId = 0 THEN
  Slots[TriggerPosition].Requested := TRUE;
  TriggerRequest := TRUE;
END_IF;`;
