import { indented } from './block.ts';

/** Pieces that the reference has as functions; a function block in TIA has no methods, so they stand where they are used. */

export const clearTrigger = `IF Command.TriggerId <> 0 THEN
  Command.TriggerId := 0;
  Changed := TRUE;
END_IF;`;

export const rejectAll = `Phase := PHASE_UNUSABLE;
PendingCount := 0;
${clearTrigger}`;

/** Sets Index to the place of the trigger among those in flight, -1 where it is not there. */
export const find = (triggerId: string): string => `Index := -1;
IF ${triggerId} <> 0 THEN
  FOR I := 0 TO PendingCount - 1 DO
    IF Index < 0 AND Pending[I].TriggerId = ${triggerId} THEN
      Index := I;
    END_IF;
  END_FOR;
END_IF;`;

export const remove = (index: string): string => `FOR I := ${index} TO PendingCount - 2 DO
  Pending[I] := Pending[I + 1];
END_FOR;
PendingCount := PendingCount - 1;`;

/** Sets Flying (triggers whose result is still to come) and Unanswered. */
export const countPending = `Flying := 0;
Unanswered := FALSE;
FOR I := 0 TO PendingCount - 1 DO
  IF Pending[I].State < STATE_GIVEN_UP THEN
    Flying := Flying + 1;
  END_IF;
  IF Pending[I].State = STATE_SENT THEN
    Unanswered := TRUE;
  END_IF;
END_FOR;`;

/** Sets Why: the reason why a trigger cannot be sent now, 0 where it can. */
export const obstacle = `${countPending}
Why := 0;
IF Phase <> PHASE_RUNNING THEN
  Why := NOT_ISSUED_ALL_REJECT;
ELSIF Unanswered THEN
  Why := NOT_ISSUED_UNANSWERED;
ELSIF Flying >= MOST_IN_FLIGHT THEN
  Why := NOT_ISSUED_TOO_MANY;
ELSIF NOT Picture.Status.Ready THEN
  Why := Picture.Status.NotReadyReason;
  IF Why = 0 THEN
    Why := REASON_NOT_READY;
  END_IF;
END_IF;`;

export const inside = indented;
