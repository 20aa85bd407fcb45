import { inside } from './station-snippets.ts';

const writeCode = (code: string): string => `IF Command.Code <> ${code} THEN
  Command.Code := ${code};
  Changed := TRUE;
END_IF;`;

const returnToZero = `${writeCode('0')}
CommandSince := Now;
CommandState := COMMAND_RETURNING;`;

/** The reference's `command-desk.ts`. */
export const commandsBody = `// ---- Slow commands: wait for CommandAck 0, write, wait for the echo and its status, back to 0 ----
IF CommandStart AND NOT CommandStartBefore AND CommandState = COMMAND_IDLE THEN
  CommandDone := FALSE;
  CommandRefused := FALSE;
  CommandFailed := CommandCode = 0 OR Phase = PHASE_UNUSABLE;
  IF NOT CommandFailed THEN
    CommandState := COMMAND_WAITING;
    CommandSince := Now;
    CommandWanted := CommandCode;
    CommandWantedArg := CommandArg;
  END_IF;
END_IF;
IF CommandState <> COMMAND_IDLE AND Phase = PHASE_UNUSABLE THEN
  CommandFailed := NOT CommandDone AND NOT CommandRefused;
${inside(writeCode('0'), 2)}
  CommandState := COMMAND_IDLE;
END_IF;
Waited := FC_GoodpartElapsed(NowMs := Now, SinceMs := CommandSince);
IF CommandState = COMMAND_WAITING THEN
  IF Picture.Status.CommandAck = 0 THEN
    Command.Arg := CommandWantedArg;
${inside(writeCode('CommandWanted'), 4)}
    CommandSince := Now;
    CommandState := COMMAND_WRITTEN;
  ELSIF Waited > CommandLimitMs THEN
    Faults.CommandNoAnswer := TRUE;
    CommandFailed := TRUE;
    CommandState := COMMAND_IDLE;
  END_IF;
ELSIF CommandState = COMMAND_WRITTEN THEN
  IF Picture.Status.CommandAck = CommandWanted AND Picture.Status.CommandStatus >= STATUS_DONE THEN
    CommandDone := Picture.Status.CommandStatus = STATUS_DONE;
    CommandRefused := Picture.Status.CommandStatus = STATUS_REFUSED;
    CommandFailed := Picture.Status.CommandStatus > STATUS_REFUSED;
${inside(returnToZero, 4)}
  ELSIF Waited > CommandLimitMs THEN
    Faults.CommandNoAnswer := TRUE;
    CommandFailed := TRUE;
${inside(returnToZero, 4)}
  END_IF;
ELSIF CommandState = COMMAND_RETURNING THEN
  IF Picture.Status.CommandAck = 0 THEN
    CommandState := COMMAND_IDLE;
  ELSIF Waited > AnswerLimitMs THEN
    Faults.CommandNoAnswer := TRUE;
    CommandState := COMMAND_IDLE;
  END_IF;
END_IF;
CommandBusy := CommandState <> COMMAND_IDLE;

// ---- Dispositions: one at a time; each stands until it was written, for the contract knows no answer to it ----
IF DispositionHeld THEN
  IF FC_GoodpartReached(Version := WrittenVersion, Wanted := DispositionVersion)
    AND FC_GoodpartElapsed(NowMs := Now, SinceMs := DispositionSince) >= DispositionHoldMs THEN
    DispositionHeld := FALSE;
  ELSIF DispositionTrigger <> 0 THEN
    Faults.DispositionLost := TRUE;
  END_IF;
END_IF;
IF NOT DispositionHeld AND DispositionTrigger <> 0 THEN
  Command.DispositionTrigger := DispositionTrigger;
  Command.DispositionCode := DispositionCode;
  Changed := TRUE;
  DispositionHeld := TRUE;
  DispositionSince := Now;
  DispositionVersion := NextVersion;
END_IF;
DispositionReady := NOT DispositionHeld;

// ---- The PLC's own heartbeat ----
IF FC_GoodpartElapsed(NowMs := Now, SinceMs := PlcHeartbeatSince) >= PLC_HEARTBEAT_MS THEN
  PlcHeartbeatSince := Now;
  IF Command.PlcHeartbeat >= 65535 THEN
    Command.PlcHeartbeat := 0;
  ELSE
    Command.PlcHeartbeat := Command.PlcHeartbeat + 1;
  END_IF;
  Changed := TRUE;
END_IF;`;
