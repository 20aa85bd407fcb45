import { clearTrigger, find, inside, obstacle, rejectAll, remove } from './station-snippets.ts';

/** The reference's `takeAnswers`. */
export const answersBody = `// ---- Accepted, refused or no answer; and nobody else triggers this station ----
IF Phase = PHASE_RUNNING THEN
  IF PendingCount > 0 THEN
    Last := PendingCount - 1;
    IF Pending[Last].State = STATE_SENT THEN
      IF Picture.Status.AcceptedTrigger = Pending[Last].TriggerId THEN
        Pending[Last].State := STATE_ACCEPTED;
${inside(clearTrigger, 8)}
      ELSIF Picture.Status.RejectedTrigger = Pending[Last].TriggerId THEN
        Refused := TRUE;
        RefusedTriggerId := Pending[Last].TriggerId;
        RefusedReason := Picture.Status.RejectedReason;
        PendingCount := Last;
${inside(clearTrigger, 8)}
      ELSIF FC_GoodpartElapsed(NowMs := Now, SinceMs := Pending[Last].SentAt) > AnswerLimitMs THEN
        Faults.NoAnswer := TRUE;
        Pending[Last].State := STATE_GIVEN_UP;
${inside(clearTrigger, 8)}
      END_IF;
    END_IF;
  END_IF;
  IF Picture.Status.AcceptedTrigger <> LastAccepted THEN
    LastAccepted := Picture.Status.AcceptedTrigger;
${inside(find('Picture.Status.AcceptedTrigger'), 4)}
    IF Index < 0 THEN
      Faults.CountMismatch := TRUE;
${inside(rejectAll, 6)}
    END_IF;
  END_IF;
END_IF;`;

/** The reference's `takeExposure`. */
export const exposureBody = `// ---- Exposure done: one that is done says so for all before it ----
IF Phase = PHASE_RUNNING THEN
${inside(find('Picture.Status.ExposureDoneTrigger'), 2)}
  IF Index >= 0 THEN
    IF Pending[Index].State = STATE_ACCEPTED AND NOT Pending[Index].Exposed THEN
      FOR I := 0 TO Index DO
        IF Pending[I].State = STATE_ACCEPTED THEN
          Pending[I].Exposed := TRUE;
        END_IF;
      END_FOR;
      ExposureDone := TRUE;
      ExposureDoneTriggerId := Picture.Status.ExposureDoneTrigger;
    END_IF;
  END_IF;
END_IF;`;

/** The reference's `watchDeadlines`. */
export const deadlinesBody = `// ---- A part whose result did not come in time stays REJECT ----
IF Phase = PHASE_RUNNING THEN
  FOR K := PendingCount - 1 TO 0 BY -1 DO
    IF Pending[K].State = STATE_ACCEPTED THEN
      IF FC_GoodpartElapsed(NowMs := Now, SinceMs := Pending[K].SentAt) > Pending[K].LimitMs THEN
        IF Picture.Status.Mode = MODE_SHADOW THEN
          // In shadow no result is to come.
${inside(remove('K'), 10)}
        ELSE
          Pending[K].State := STATE_GIVEN_UP;
          Faults.ResultMissing := TRUE;
        END_IF;
      END_IF;
    END_IF;
  END_FOR;
END_IF;`;

/** The reference's `issueTrigger`. */
export const issueBody = `// ---- A new trigger: part id and recipe first, TriggerId last; one write of the block is one trigger ----
IF Trigger AND NOT TriggerBefore THEN
${inside(obstacle, 2)}
  IF Why <> 0 THEN
    NotIssued := TRUE;
    NotIssuedReason := Why;
  ELSE
    // An id that the station still shows from long ago would be read as its answer; one that was given up is still waited for.
    NewId := LastTriggerId;
    REPEAT
      NewId := FC_GoodpartNext(Number := NewId);
${inside(find('NewId'), 6)}
    UNTIL Index < 0 AND NewId <> Picture.Status.AcceptedTrigger AND NewId <> Picture.Status.RejectedTrigger
    END_REPEAT;
    LastTriggerId := NewId;
    IF PendingCount = MOST_IN_FLIGHT THEN
      // The oldest of those given up makes room.
      Index := -1;
      FOR I := 0 TO PendingCount - 1 DO
        IF Index < 0 AND Pending[I].State = STATE_GIVEN_UP THEN
          Index := I;
        END_IF;
      END_FOR;
${inside(remove('Index'), 6)}
    END_IF;
    Pending[PendingCount].TriggerId := NewId;
    Pending[PendingCount].State := STATE_SENT;
    Pending[PendingCount].Exposed := FALSE;
    Pending[PendingCount].SentAt := Now;
    Pending[PendingCount].LimitMs := UINT_TO_UDINT(Picture.Status.DeadlineMs) + MarginMs;
    PendingCount := PendingCount + 1;
    Command.PartIdLength := PartIdLength;
    IF Command.PartIdLength > PART_ID_BYTES THEN
      Command.PartIdLength := PART_ID_BYTES;
    END_IF;
    FOR I := 0 TO 63 DO
      IF I < UINT_TO_INT(Command.PartIdLength) THEN
        Command.PartId[I] := PartId[I];
      ELSE
        Command.PartId[I] := 16#0;
      END_IF;
    END_FOR;
    Command.ExpectedRecipe := ExpectedRecipe;
    Command.TriggerId := NewId;
    Changed := TRUE;
    Issued := TRUE;
    IssuedTriggerId := NewId;
  END_IF;
END_IF;`;
