import { clearTrigger, inside, rejectAll } from './station-snippets.ts';

/** The reference's `station-trust.ts`. */
export const trustBody = `// ---- May the station be believed at all? Link, map, word order, heartbeat, BootId ----
Faults.BadParameter := HeartbeatLimitMs = 0 OR HeartbeatLimitMs > LONGEST_LIMIT_MS
  OR AnswerLimitMs = 0 OR AnswerLimitMs > LONGEST_LIMIT_MS
  OR CommandLimitMs = 0 OR CommandLimitMs > LONGEST_LIMIT_MS
  OR MarginMs > LONGEST_LIMIT_MS OR DispositionHoldMs > LONGEST_LIMIT_MS;
Faults.LinkDown := NOT LinkOk;
Faults.WrongMap := LinkOk AND (Picture.Status.MapVersion <> MAP_VERSION OR Picture.Status.BootId = 0);
Faults.WrongWordOrder := LinkOk AND NOT Faults.WrongMap
  AND (Picture.Status.ProofWord <> PROOF_WORD OR Picture.Status.ProofFloat <> PROOF_FLOAT);
Readable := LinkOk AND NOT Faults.WrongMap AND NOT Faults.WrongWordOrder AND NOT Faults.BadParameter;

// Alive only once a count was seen to go on; a new BootId has to prove it anew.
IF NOT Readable THEN
  HeartbeatKnown := FALSE;
  HeartbeatAlive := FALSE;
  Faults.HeartbeatStopped := FALSE;
ELSE
  IF BootKnown <> Picture.Status.BootId THEN
    IF BootKnown <> 0 THEN
      Faults.StationRestarted := TRUE;
    END_IF;
    BootKnown := Picture.Status.BootId;
    HeartbeatKnown := FALSE;
  END_IF;
  IF NOT HeartbeatKnown THEN
    HeartbeatKnown := TRUE;
    HeartbeatAlive := FALSE;
    HeartbeatLast := Picture.Status.Heartbeat;
    HeartbeatSince := Now;
    Faults.HeartbeatStopped := FALSE;
  ELSIF Picture.Status.Heartbeat <> HeartbeatLast THEN
    HeartbeatAlive := TRUE;
    HeartbeatLast := Picture.Status.Heartbeat;
    HeartbeatSince := Now;
    Faults.HeartbeatStopped := FALSE;
  ELSIF FC_GoodpartElapsed(NowMs := Now, SinceMs := HeartbeatSince) > HeartbeatLimitMs THEN
    HeartbeatAlive := FALSE;
    Faults.HeartbeatStopped := TRUE;
  END_IF;
END_IF;

// Read in pieces of different age: Sequence differs, or bits and Code contradict each other.
Torn := Picture.Result.Sequence <> Picture.Result.SequenceAgain
  OR Picture.Status.ResultValid <> (Picture.Result.Code >= CODE_PASS AND Picture.Result.Code <= CODE_INVALID)
  OR Picture.Status.Pass <> (Picture.Result.Code = CODE_PASS)
  OR Picture.Status.Warn <> (Picture.Result.Code = CODE_WARN)
  OR Picture.Status.Fail <> (Picture.Result.Code = CODE_FAIL)
  OR Picture.Status.Invalid <> (Picture.Result.Code = CODE_INVALID)
  OR Picture.Status.Accept <> (Picture.Result.Accept = 1)
  OR Picture.Result.Accept > 1
  OR (Picture.Result.Accept = 1 AND Picture.Result.Code <> CODE_PASS AND Picture.Result.Code <> CODE_WARN);
IF NOT Readable OR NOT Torn THEN
  TornRunning := FALSE;
  TornTooLong := FALSE;
ELSIF NOT TornRunning THEN
  TornRunning := TRUE;
  TornSince := Now;
ELSIF FC_GoodpartElapsed(NowMs := Now, SinceMs := TornSince) > AnswerLimitMs THEN
  TornTooLong := TRUE;
END_IF;
Faults.TornRead := TornTooLong;

IF NOT Readable OR NOT HeartbeatAlive OR TornTooLong THEN
${inside(rejectAll, 2)}
ELSIF Phase = PHASE_UNUSABLE THEN
  // What is already there is taken as known, what is open is waited for.
  Phase := PHASE_SETTLING;
  SettleSince := Now;
${inside(clearTrigger, 2)}
  // The block is written anew in any case: only then is it sure that no old TriggerId stands in the station.
  Changed := TRUE;
  SettleVersion := NextVersion;
ELSIF Phase = PHASE_SETTLING AND NOT TornRunning THEN
  LastSequence := Picture.Result.Sequence;
  LastAccepted := Picture.Status.AcceptedTrigger;
  RingWaiting := FALSE;
  LastTriggerId := FC_GoodpartLater(NumberA := LastTriggerId,
    NumberB := FC_GoodpartLater(NumberA := Picture.Status.AcceptedTrigger, NumberB := Picture.Status.RejectedTrigger));
  IF AckResults AND Command.ResultAck <> Picture.Result.Sequence THEN
    Command.ResultAck := Picture.Result.Sequence;
    Changed := TRUE;
  END_IF;
  SettleMs := UINT_TO_UDINT(Picture.Status.DeadlineMs) + MarginMs;
  IF Picture.Status.Open = 0 OR FC_GoodpartElapsed(NowMs := Now, SinceMs := SettleSince) > SettleMs THEN
    IF FC_GoodpartReached(Version := WrittenVersion, Wanted := SettleVersion) THEN
      Phase := PHASE_RUNNING;
    END_IF;
  END_IF;
END_IF;`;
