import { commandStatus } from '../../core/commands.ts';
import { modeCodes, verdictCodes } from '../../core/inspection.ts';
import { reason } from '../../core/reasons.ts';
import { notIssuedReasons, stationFaults } from '../reference/block-texts.ts';
import { partIdBytes } from '../reference/picture.ts';
import { longestLimitMs, mostInFlight, stationDefaults } from '../reference/station-io.ts';
import { mapVersion } from '../tag-table.ts';
import { type Block, capital, type Variable, variable } from './block.ts';
import { faultCodeChain, latchedReset } from './faults.ts';
import { commandsBody } from './station-commands-body.ts';
import { resultsBody } from './station-results-body.ts';
import { inside, obstacle } from './station-snippets.ts';
import { answersBody, deadlinesBody, exposureBody, issueBody } from './station-triggers-body.ts';
import { trustBody } from './station-trust-body.ts';

const live = ['badParameter', 'linkDown', 'wrongMap', 'wrongWordOrder', 'heartbeatStopped', 'tornRead'];

const body = `// ---- Begin of the cycle ----
Now := NowMs MOD UDINT#2147483648;
IF NOT Started THEN
  // A button that is already pressed when the PLC starts is no request.
  Started := TRUE;
  TriggerBefore := Trigger;
  CommandStartBefore := CommandStart;
  FaultResetBefore := FaultReset;
  PlcHeartbeatSince := Now;
  Changed := TRUE;
END_IF;
IF CommandVersion >= 65535 THEN
  NextVersion := 0;
ELSE
  NextVersion := CommandVersion + 1;
END_IF;
Issued := FALSE;
NotIssued := FALSE;
Refused := FALSE;
ExposureDone := FALSE;
NewResult := FALSE;
ResultAccept := FALSE;
IF FaultReset AND NOT FaultResetBefore THEN
${inside(latchedReset(stationFaults, live), 2)}
END_IF;

${trustBody}

${answersBody}

${exposureBody}

${resultsBody}

${deadlinesBody}

${issueBody}

${commandsBody}

// ---- End of the cycle ----
TriggerBefore := Trigger;
CommandStartBefore := CommandStart;
FaultResetBefore := FaultReset;
IF Changed THEN
  Changed := FALSE;
  CommandVersion := NextVersion;
END_IF;
AllReject := Phase <> PHASE_RUNNING;
${obstacle}
InFlight := Flying;
ReadyToTrigger := Why = 0;
MayMove := NOT Unanswered;
FOR I := 0 TO PendingCount - 1 DO
  IF Pending[I].State = STATE_ACCEPTED AND NOT Pending[I].Exposed THEN
    MayMove := FALSE;
  END_IF;
END_FOR;
${faultCodeChain(stationFaults)}
Fault := FaultCode <> 0;`;

const uint = (name: string, value: number): Variable => variable(name, 'UINT', undefined, value);

const constants: Variable[] = [
  uint('MAP_VERSION', mapVersion),
  variable('PROOF_WORD', 'UDINT', '16#1234_5678', 'UDINT#305419896'),
  variable('PROOF_FLOAT', 'REAL', undefined, '1.0'),
  variable('LONGEST_LIMIT_MS', 'UDINT', undefined, longestLimitMs),
  variable('PLC_HEARTBEAT_MS', 'UDINT', undefined, 500),
  variable('MOST_IN_FLIGHT', 'INT', undefined, mostInFlight),
  uint('PART_ID_BYTES', partIdBytes),
  uint('PHASE_UNUSABLE', 0),
  uint('PHASE_SETTLING', 1),
  uint('PHASE_RUNNING', 2),
  uint('STATE_UNKNOWN', 0),
  uint('STATE_SENT', 1),
  uint('STATE_ACCEPTED', 2),
  uint('STATE_GIVEN_UP', 3),
  uint('COMMAND_IDLE', 0),
  uint('COMMAND_WAITING', 1),
  uint('COMMAND_WRITTEN', 2),
  uint('COMMAND_RETURNING', 3),
  uint('STATUS_DONE', commandStatus.done),
  uint('STATUS_REFUSED', commandStatus.refused),
  ...Object.entries(verdictCodes).map(([verdict, code]) => uint(`CODE_${verdict.toUpperCase()}`, code)),
  uint('MODE_SHADOW', modeCodes.shadow),
  uint('REASON_NOT_READY', reason('notReady').code),
  uint('NOT_ISSUED_ALL_REJECT', notIssuedReasons.allReject[0]),
  uint('NOT_ISSUED_UNANSWERED', notIssuedReasons.unanswered[0]),
  uint('NOT_ISSUED_TOO_MANY', notIssuedReasons.tooMany[0]),
];

const parameterTexts: Record<keyof typeof stationDefaults, string> = {
  heartbeatLimitMs: 'Parameter: the heartbeat may stand still so long, ms; 0 is forbidden',
  answerLimitMs: 'Parameter: a trigger must be answered within this, ms',
  marginMs: 'Parameter: added to the station’s DeadlineMs for polling and writing, ms',
  commandLimitMs: 'Parameter: a slow command must be answered within this, ms',
  dispositionHoldMs: 'Parameter: a disposition stands at least so long, ms',
  warnAccepts: 'Parameter: Code 2 found in the ring accepts (the ring has no Accept)',
  ackResults: 'Parameter: acknowledged mode, ResultAck is written',
};

const parameters = Object.entries(stationDefaults).map(([key, value]) =>
  variable(
    capital(key),
    typeof value === 'boolean' ? 'BOOL' : 'UDINT',
    parameterTexts[key as keyof typeof stationDefaults],
    value,
  ),
);

export const stationFunctionBlock: Block = {
  kind: 'FUNCTION_BLOCK',
  name: 'FB_GoodpartStation',
  comment: [
    'The conversation with one station. Call it once per cycle, before FB_GoodpartTrack.',
    'Reads no clock: NowMs is the PLC’s free-running millisecond counter.',
  ],
  inputs: [
    variable('NowMs', 'UDINT', 'Free-running milliseconds, may wrap'),
    variable('LinkOk', 'BOOL', 'The last read succeeded and is not older than the program’s limit'),
    variable('Picture', 'ST_GoodpartPicture', 'What was read, from FC_GoodpartDecode'),
    variable('WrittenVersion', 'UINT', 'CommandVersion of the block that was written last'),
    variable('Trigger', 'BOOL', 'Rising edge: inspect this part'),
    variable('ExpectedRecipe', 'UINT', '0 = not checked'),
    variable('PartIdLength', 'UINT', 'Bytes'),
    variable('PartId', 'ARRAY[0..63] OF BYTE', 'UTF-8'),
    variable('CommandStart', 'BOOL', 'Rising edge: slow command'),
    variable('CommandCode', 'UINT'),
    variable('CommandArg', 'UINT'),
    variable('DispositionTrigger', 'UINT', 'Not 0: report this part’s disposition in this cycle'),
    variable('DispositionCode', 'UINT'),
    variable('FaultReset', 'BOOL', 'Rising edge: forget the latched faults'),
    ...parameters,
  ],
  outputs: [
    variable('Command', 'ST_GoodpartCommand', 'To be written as one block, see FC_GoodpartEncode'),
    variable('CommandVersion', 'UINT', 'Changes with every change of Command'),
    variable('ReadyToTrigger', 'BOOL'),
    variable('Issued', 'BOOL', 'Event, one cycle: the trigger was numbered and put into Command'),
    variable('IssuedTriggerId', 'UINT'),
    variable('NotIssued', 'BOOL', 'Event: the trigger was not sent at all'),
    variable('NotIssuedReason', 'UINT'),
    variable('Refused', 'BOOL', 'Event: the station refused the trigger'),
    variable('RefusedTriggerId', 'UINT'),
    variable('RefusedReason', 'UINT'),
    variable('ExposureDone', 'BOOL', 'Event: the picture is taken'),
    variable('ExposureDoneTriggerId', 'UINT'),
    variable('NewResult', 'BOOL', 'Event: a result was taken'),
    variable('ResultSequence', 'UINT'),
    variable('ResultTriggerId', 'UINT'),
    variable('ResultCode', 'UINT'),
    variable('ResultReason', 'UINT'),
    variable('ResultSeverity', 'UINT', 'Thousandths, 65535 = not valid'),
    variable('ResultAccept', 'BOOL', 'Only of a known trigger and in time'),
    variable('MayMove', 'BOOL', 'Every picture that was asked for is taken: an indexer may move'),
    variable('InFlight', 'INT'),
    variable('AllReject', 'BOOL', 'All slots to REJECT'),
    variable('CommandBusy', 'BOOL'),
    variable('CommandDone', 'BOOL'),
    variable('CommandRefused', 'BOOL'),
    variable('CommandFailed', 'BOOL'),
    variable('DispositionReady', 'BOOL', 'The next disposition may be given'),
    variable('Faults', 'ST_GoodpartStationFaults'),
    variable('Fault', 'BOOL'),
    variable('FaultCode', 'UINT', 'The most urgent one, see the text lists'),
  ],
  statics: [
    variable('Started', 'BOOL'),
    variable('Phase', 'UINT'),
    variable('SettleSince', 'UDINT'),
    variable('SettleVersion', 'UINT'),
    variable('HeartbeatKnown', 'BOOL'),
    variable('HeartbeatAlive', 'BOOL'),
    variable('HeartbeatLast', 'UINT'),
    variable('HeartbeatSince', 'UDINT'),
    variable('BootKnown', 'UINT'),
    variable('TornRunning', 'BOOL'),
    variable('TornSince', 'UDINT'),
    variable('TornTooLong', 'BOOL'),
    variable('LastSequence', 'UINT'),
    variable('LastAccepted', 'UINT'),
    variable('LastTriggerId', 'UINT'),
    variable('RingWaiting', 'BOOL'),
    variable('RingSince', 'UDINT'),
    variable('Pending', 'ARRAY[0..7] OF ST_GoodpartPending', 'Oldest first'),
    variable('PendingCount', 'INT'),
    variable('CommandState', 'UINT'),
    variable('CommandSince', 'UDINT'),
    variable('CommandWanted', 'UINT'),
    variable('CommandWantedArg', 'UINT'),
    variable('DispositionHeld', 'BOOL'),
    variable('DispositionSince', 'UDINT'),
    variable('DispositionVersion', 'UINT'),
    variable('PlcHeartbeatSince', 'UDINT'),
    variable('Changed', 'BOOL'),
    variable('TriggerBefore', 'BOOL'),
    variable('CommandStartBefore', 'BOOL'),
    variable('FaultResetBefore', 'BOOL'),
  ],
  temps: [
    variable('Now', 'UDINT'),
    variable('NextVersion', 'UINT'),
    variable('Readable', 'BOOL'),
    variable('Torn', 'BOOL'),
    variable('SettleMs', 'UDINT'),
    variable('I', 'INT'),
    variable('K', 'INT'),
    variable('Index', 'INT'),
    variable('Last', 'INT'),
    variable('Flying', 'INT'),
    variable('Unanswered', 'BOOL'),
    variable('Why', 'UINT'),
    variable('NewId', 'UINT'),
    variable('WantedSequence', 'UINT'),
    variable('Found', 'BOOL'),
    variable('FoundTriggerId', 'UINT'),
    variable('FoundCode', 'UINT'),
    variable('FoundReason', 'UINT'),
    variable('FoundSeverity', 'UINT'),
    variable('FoundAccept', 'BOOL'),
    variable('FoundState', 'UINT'),
    variable('UpToDate', 'BOOL'),
    variable('Overtaken', 'BOOL'),
    variable('Waited', 'UDINT'),
  ],
  constants,
  body,
};
