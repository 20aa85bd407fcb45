import { indented as inside } from './block.ts';

const queue = (triggerId: string, code: string): string => `IF ${triggerId} <> 0 THEN
  IF DispositionCount = MOST_DISPOSITIONS THEN
    Faults.DispositionLost := TRUE;
  ELSE
    Dispositions[DispositionCount].TriggerId := ${triggerId};
    Dispositions[DispositionCount].Code := ${code};
    DispositionCount := DispositionCount + 1;
  END_IF;
END_IF;`;

const dropOldest = `FOR I := 0 TO EjectingCount - 2 DO
  Ejecting[I] := Ejecting[I + 1];
END_FOR;
EjectingCount := EjectingCount - 1;`;

const overdue = (since: string, ticks: string) =>
  `(ConfirmMs > 0 AND FC_GoodpartElapsed(NowMs := Now, SinceMs := ${since}) > ConfirmMs)
      OR (ConfirmTicks > 0 AND ${ticks} > ConfirmTicks)`;

const fail = `Faults.EjectFailed := TRUE;
${queue('Ejecting[0].TriggerId', 'DISPOSITION_EJECT_FAILED')}
${dropOldest}`;

/** The reference's `expectDoubtful`: what is ejected now may be nothing, and may be seen at the eject sensor. */
const expectDoubtful = `DoubtEjecting := TRUE;
DoubtSince := Now;
DoubtTicks := 0;`;

/** The reference's `eject`. */
export const ejectBody = `// What comes to the eject position leaves the line unless it is ACCEPT.
FOR I := 0 TO EjectingCount - 1 DO
  IF Ejecting[I].Ticks < MOST_TICKS THEN
    Ejecting[I].Ticks := Ejecting[I].Ticks + 1;
  END_IF;
END_FOR;
IF DoubtTicks < MOST_TICKS THEN
  DoubtTicks := DoubtTicks + 1;
END_IF;
Slots[EjectPosition].Settled := TRUE;
IF Slots[EjectPosition].Doubtful OR (Slots[EjectPosition].Occupied AND NOT Slots[EjectPosition].Accept) THEN
  EjectRunning := TRUE;
  EjectSince := Now;
  IF Slots[EjectPosition].Occupied AND NOT Slots[EjectPosition].Doubtful AND (ConfirmMs > 0 OR ConfirmTicks > 0) THEN
    IF EjectingCount = MOST_EJECTING THEN
${inside(fail, 6)}
    END_IF;
    Ejecting[EjectingCount].TriggerId := Slots[EjectPosition].TriggerId;
    Ejecting[EjectingCount].Since := Now;
    Ejecting[EjectingCount].Ticks := 0;
    EjectingCount := EjectingCount + 1;
  ELSE
${inside(queue('Slots[EjectPosition].TriggerId', 'DISPOSITION_EJECTED'), 4)}
${inside(expectDoubtful, 4)}
  END_IF;
  Slots[EjectPosition].Occupied := FALSE;
  Slots[EjectPosition].Doubtful := FALSE;
  Slots[EjectPosition].Accept := FALSE;
ELSIF Slots[EjectPosition].Occupied THEN
${inside(queue('Slots[EjectPosition].TriggerId', 'DISPOSITION_ACCEPTED'), 2)}
END_IF;`;

/** The reference's `watchEjecting` and `reportDisposition`. */
export const confirmBody = `IF Blind AND Moving THEN
${inside(expectDoubtful, 2)}
END_IF;
// A part that was not seen at the eject sensor in time may still be on the line: stop.
IF EjectSensor AND NOT EjectBefore THEN
  IF EjectingCount > 0 THEN
${inside(queue('Ejecting[0].TriggerId', 'DISPOSITION_EJECTED'), 4)}
${inside(dropOldest, 4)}
  ELSIF NOT DoubtEjecting AND (ConfirmMs > 0 OR ConfirmTicks > 0) THEN
    Faults.UnexpectedEject := TRUE;
  END_IF;
END_IF;
FOR K := 1 TO MOST_EJECTING DO
  IF EjectingCount > 0 THEN
    Overdue := ${overdue('Ejecting[0].Since', 'Ejecting[0].Ticks')};
    IF Overdue THEN
${inside(fail, 6)}
    END_IF;
  END_IF;
END_FOR;
// What was ejected on doubt may have been nothing: it need not be seen, but may.
Overdue := ${overdue('DoubtSince', 'DoubtTicks')};
IF Overdue THEN
  DoubtEjecting := FALSE;
END_IF;
IF EjectRunning THEN
  IF FC_GoodpartElapsed(NowMs := Now, SinceMs := EjectSince) >= EjectPulseMs THEN
    EjectRunning := FALSE;
  END_IF;
END_IF;
IF DispositionCount > 0 AND DispositionReady THEN
  DispositionTrigger := Dispositions[0].TriggerId;
  DispositionCode := Dispositions[0].Code;
  FOR I := 0 TO DispositionCount - 2 DO
    Dispositions[I] := Dispositions[I + 1];
  END_FOR;
  DispositionCount := DispositionCount - 1;
END_IF;`;
