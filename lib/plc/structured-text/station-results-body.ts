import { find, inside, rejectAll, remove } from './station-snippets.ts';

/** The reference's `results.ts`. */
export const resultsBody = `// ---- Results: at most one per cycle, in the station's order; what came between two reads is found in the ring ----
IF Phase = PHASE_RUNNING AND NOT TornRunning AND Picture.Result.Sequence <> LastSequence THEN
  IF Picture.Status.Mode = MODE_SHADOW THEN
    // In shadow a Sequence says nothing about a part.
    LastSequence := Picture.Result.Sequence;
  ELSE
    WantedSequence := FC_GoodpartNext(Number := LastSequence);
    Found := WantedSequence = Picture.Result.Sequence;
    FoundTriggerId := Picture.Result.TriggerId;
    FoundCode := Picture.Result.Code;
    FoundReason := Picture.Result.Reason;
    FoundSeverity := Picture.Result.SeverityX1000;
    FoundAccept := Picture.Result.Accept = 1;
    IF NOT Found AND Picture.Result.Sequence <> 0 THEN
      FOR I := 0 TO 7 DO
        IF NOT Found AND Picture.Ring[I].Sequence = WantedSequence THEN
          Found := TRUE;
          FoundTriggerId := Picture.Ring[I].TriggerId;
          FoundCode := Picture.Ring[I].Code;
          FoundReason := Picture.Ring[I].Reason;
          FoundSeverity := Picture.Ring[I].Severity;
          // The ring has no Accept.
          FoundAccept := FoundCode = CODE_PASS OR (FoundCode = CODE_WARN AND WarnAccepts);
        END_IF;
      END_FOR;
    END_IF;
    IF NOT Found THEN
      // The ring was read before the newest result, and the next read brings it; or the result is lost.
      IF NOT RingWaiting THEN
        RingWaiting := TRUE;
        RingSince := Now;
      END_IF;
      UpToDate := Picture.Ring[0].Sequence <> 0 AND Picture.Result.Sequence <> 0
        AND FC_GoodpartAhead(FromNumber := Picture.Result.Sequence, ToNumber := Picture.Ring[0].Sequence) < 32768;
      IF UpToDate OR Picture.Result.Sequence = 0
        OR FC_GoodpartElapsed(NowMs := Now, SinceMs := RingSince) > AnswerLimitMs THEN
        Faults.ResultsLost := TRUE;
${inside(rejectAll, 8)}
      END_IF;
    ELSE
${inside(find('FoundTriggerId'), 6)}
      FoundState := STATE_UNKNOWN;
      IF Index >= 0 THEN
        FoundState := Pending[Index].State;
      END_IF;
      // Where its acceptance is not read yet, the next read brings both.
      IF FoundState <> STATE_SENT THEN
        RingWaiting := FALSE;
        LastSequence := WantedSequence;
        IF AckResults THEN
          Command.ResultAck := WantedSequence;
          Changed := TRUE;
        END_IF;
        NewResult := TRUE;
        ResultSequence := WantedSequence;
        ResultTriggerId := FoundTriggerId;
        ResultCode := FoundCode;
        ResultReason := FoundReason;
        ResultSeverity := FoundSeverity;
        ResultAccept := FALSE;
        IF FoundState = STATE_ACCEPTED THEN
          Overtaken := FALSE;
          FOR I := 0 TO Index - 1 DO
            IF Pending[I].State = STATE_ACCEPTED THEN
              Overtaken := TRUE;
            END_IF;
          END_FOR;
          IF Overtaken THEN
            Faults.OutOfOrder := TRUE;
${inside(rejectAll, 12)}
          ELSE
            IF FC_GoodpartElapsed(NowMs := Now, SinceMs := Pending[Index].SentAt) > Pending[Index].LimitMs THEN
              Faults.LateResult := TRUE;
            ELSE
              ResultAccept := FoundAccept;
            END_IF;
${inside(remove('Index'), 12)}
          END_IF;
        ELSIF FoundState = STATE_GIVEN_UP THEN
          Faults.LateResult := TRUE;
${inside(remove('Index'), 10)}
        ELSIF FoundTriggerId <> 0 THEN
          Faults.UnknownResult := TRUE;
${inside(rejectAll, 10)}
        END_IF;
      END_IF;
    END_IF;
  END_IF;
END_IF;`;
