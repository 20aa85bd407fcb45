import { dispositionCodes } from '../../core/commands.ts';
import { trackFaults } from '../reference/block-texts.ts';
import { longestLimitMs } from '../reference/station-io.ts';
import { mostDispositions, mostEjecting, mostSlots, trackDefaults } from '../reference/track-io.ts';
import { type Block, capital, indented as inside, variable } from './block.ts';
import { faultCodeChain, latchedReset } from './faults.ts';
import { confirmBody, ejectBody } from './track-eject-body.ts';
import { doubt, doubtAll, moveBody } from './track-slots-body.ts';

const body = `// ---- Begin of the cycle ----
Now := NowMs MOD UDINT#2147483648;
IF NOT Started THEN
  // What is covered or pressed when the PLC starts is no edge.
  Started := TRUE;
  TickBefore := Tick;
  PartBefore := PartSensor;
  CheckBefore := CheckSensor;
  EjectBefore := EjectSensor;
  ResetBefore := Reset;
  TickSince := Now;
  CycleSince := Now;
  Blind := TRUE;
  // Nobody knows what lies on the line: all of it is ejected.
  FOR I := 0 TO LAST_SLOT DO
${inside(doubt('I'), 4)}
  END_FOR;
END_IF;
TriggerRequest := FALSE;
DispositionTrigger := 0;
DispositionCode := 0;
IF Reset AND NOT ResetBefore THEN
${inside(latchedReset(trackFaults, ['badParameter', 'binFull']), 2)}
END_IF;

Faults.BadParameter := SlotCount < 3 OR SlotCount > MOST_SLOTS
  OR TriggerPosition < 1 OR EjectPosition <= TriggerPosition OR EjectPosition >= SlotCount
  OR CheckPosition < 0 OR CheckPosition >= EjectPosition OR ConfirmTicks < 0
  OR EjectPulseMs = 0 OR EjectPulseMs > LONGEST_LIMIT_MS OR ConfirmMs > LONGEST_LIMIT_MS
  OR TickMinMs > LONGEST_LIMIT_MS OR TickMaxMs > LONGEST_LIMIT_MS;
Faults.BinFull := BinFull;
IF Faults.BadParameter THEN
  FOR I := 0 TO LAST_SLOT DO
    Slots[I].Accept := FALSE;
    Slots[I].Settled := TRUE;
  END_FOR;
  EjectRunning := FALSE;
ELSE
  // ---- All to REJECT: whatever was triggered before; a part that is still to be triggered may yet be accepted ----
  IF AllReject THEN
    FOR I := 0 TO LAST_SLOT DO
      IF Slots[I].TriggerId <> 0 OR Slots[I].Requested THEN
        Slots[I].Accept := FALSE;
        Slots[I].Requested := FALSE;
        Slots[I].Settled := TRUE;
      END_IF;
    END_FOR;
  END_IF;

  // ---- The number of the trigger, or its refusal ----
  FOR I := 0 TO LAST_SLOT DO
    IF Slots[I].Requested AND Issued THEN
      Slots[I].Requested := FALSE;
      Slots[I].TriggerId := IssuedTriggerId;
    ELSIF Slots[I].Requested AND NotIssued THEN
      Slots[I].Requested := FALSE;
      Slots[I].Settled := TRUE;
    END_IF;
    IF Refused AND Slots[I].TriggerId <> 0 AND Slots[I].TriggerId = RefusedTriggerId THEN
      Slots[I].Settled := TRUE;
    END_IF;
  END_FOR;

  // ---- The result: the only place where a slot becomes ACCEPT ----
  IF NewResult AND ResultTriggerId <> 0 THEN
    FOR I := 0 TO EjectPosition - 1 DO
      IF Slots[I].Occupied AND NOT Slots[I].Settled AND Slots[I].TriggerId = ResultTriggerId THEN
        Slots[I].Accept := ResultAccept;
        Slots[I].Settled := TRUE;
      END_IF;
    END_FOR;
  END_IF;

  // ---- Ticks: where one is missing or one came too much, nobody knows any more which part lies on which slot ----
  Ticked := Tick AND NOT TickBefore;
  // Only the time that the line moves counts.
  IF NOT Moving THEN
    TickSince := (TickSince + FC_GoodpartElapsed(NowMs := Now, SinceMs := CycleSince)) MOD UDINT#2147483648;
  END_IF;
  CycleSince := Now;
  SinceTick := FC_GoodpartElapsed(NowMs := Now, SinceMs := TickSince);
  Extra := Ticked AND Moving AND TickKnown AND SinceTick < TickMinMs;
  IF Ticked THEN
    IF Extra THEN
      Faults.ExtraPulse := TRUE;
${inside(doubtAll, 6)}
    END_IF;
    TickSince := Now;
    TickKnown := TRUE;
    Blind := FALSE;
  ELSIF NOT Moving THEN
    TickKnown := FALSE;
  ELSIF TickMaxMs > 0 AND SinceTick > TickMaxMs THEN
    Faults.MissedPulse := TRUE;
${inside(doubtAll, 4)}
    TickSince := Now;
    Blind := TRUE;
  END_IF;
  IF Ticked THEN
${inside(moveBody, 4)}
    // The part that has just entered may still be before the slot that an extra pulse moves in.
    IF Extra THEN
${inside(doubt('0'), 6)}
    END_IF;

${inside(ejectBody, 4)}
  END_IF;

  // ---- Sensors: an edge in the cycle of a tick belongs to the slot that has just come ----
  IF NOT PartSensor THEN
    Covered := FALSE;
  END_IF;
  IF PartSensor AND NOT PartBefore THEN
    IF Slots[0].Occupied THEN
      Faults.TwoParts := TRUE;
      Slots[0].Accept := FALSE;
      Slots[0].Settled := TRUE;
    END_IF;
    Slots[0].Occupied := TRUE;
  END_IF;
  IF CheckSensor AND NOT CheckBefore THEN
    CheckSeen := TRUE;
  END_IF;

${inside(confirmBody, 2)}
END_IF;

// ---- End of the cycle ----
TickBefore := Tick;
PartBefore := PartSensor;
CheckBefore := CheckSensor;
EjectBefore := EjectSensor;
ResetBefore := Reset;
// Between the slots nobody knows where the parts are until the next tick: what passes the ejector is ejected.
Eject := EjectRunning OR (Blind AND Moving AND NOT Faults.BadParameter);
${faultCodeChain(trackFaults)}
Fault := FaultCode <> 0;
// With a pulse missing a part may be past the ejector before its slot is.
StopRequest := BinFull OR Faults.EjectFailed OR Faults.BadParameter OR Faults.MissedPulse;`;

const parameterTexts: Record<keyof typeof trackDefaults, string> = {
  slotCount: 'Parameter: 3..64; slot 0 is the entry',
  triggerPosition: 'Parameter: 1..EjectPosition - 1',
  ejectPosition: 'Parameter: TriggerPosition + 1..SlotCount - 1',
  checkPosition: 'Parameter: slot of the check sensor, 0 = none',
  ejectPulseMs: 'Parameter: length of Eject, ms',
  confirmMs: 'Parameter: an ejected part is seen within this, ms; 0 = not watched',
  confirmTicks: 'Parameter: an ejected part is seen within so many ticks; 0 = not watched',
  tickMinMs: 'Parameter: shortest time between ticks, ms; 0 = not watched',
  tickMaxMs: 'Parameter: longest time between ticks while Moving, ms; 0 = not watched',
};

const parameters = Object.entries(trackDefaults).map(([key, value]) =>
  variable(
    capital(key),
    key.endsWith('Ms') ? 'UDINT' : 'INT',
    parameterTexts[key as keyof typeof trackDefaults],
    value,
  ),
);

export const trackFunctionBlock: Block = {
  kind: 'FUNCTION_BLOCK',
  name: 'FB_GoodpartTrack',
  comment: [
    'Part tracking and the reject gate. Every slot starts as REJECT. Call it once per cycle, after FB_GoodpartStation.',
    'Slot 0 is the entry; a tick moves everything one slot on.',
  ],
  inputs: [
    variable('NowMs', 'UDINT', 'Free-running milliseconds, may wrap'),
    variable('Tick', 'BOOL', 'Rising edge: clock or encoder, one slot on'),
    variable('Moving', 'BOOL', 'The line runs: ticks are expected'),
    variable('PartSensor', 'BOOL', 'At the entry; a rising edge is a part'),
    variable('CheckSensor', 'BOOL', 'At CheckPosition'),
    variable('EjectSensor', 'BOOL', 'A rising edge is a part that left the line'),
    variable('BinFull', 'BOOL'),
    variable('Reset', 'BOOL', 'Rising edge: faults and the stop are taken back'),
    variable('AllReject', 'BOOL', 'From FB_GoodpartStation, as the rest below'),
    variable('Issued', 'BOOL'),
    variable('IssuedTriggerId', 'UINT'),
    variable('NotIssued', 'BOOL'),
    variable('Refused', 'BOOL'),
    variable('RefusedTriggerId', 'UINT'),
    variable('NewResult', 'BOOL'),
    variable('ResultTriggerId', 'UINT'),
    variable('ResultAccept', 'BOOL'),
    variable('DispositionReady', 'BOOL'),
    ...parameters,
  ],
  outputs: [
    variable('Slots', 'ARRAY[0..63] OF ST_GoodpartSlot'),
    variable('TriggerRequest', 'BOOL', 'One cycle: to FB_GoodpartStation’s Trigger'),
    variable('Eject', 'BOOL'),
    variable('StopRequest', 'BOOL', 'The line must stop'),
    variable('DispositionTrigger', 'UINT', 'Not 0 for one cycle: to FB_GoodpartStation'),
    variable('DispositionCode', 'UINT', '1 accepted, 2 ejected, 5 eject failed'),
    variable('Faults', 'ST_GoodpartTrackFaults'),
    variable('Fault', 'BOOL'),
    variable('FaultCode', 'UINT', 'The most urgent one, see the text lists'),
  ],
  statics: [
    variable('Started', 'BOOL'),
    variable('TickBefore', 'BOOL'),
    variable('PartBefore', 'BOOL'),
    variable('CheckBefore', 'BOOL'),
    variable('EjectBefore', 'BOOL'),
    variable('ResetBefore', 'BOOL'),
    variable('TickSince', 'UDINT'),
    variable('TickKnown', 'BOOL'),
    variable('CycleSince', 'UDINT'),
    variable('Blind', 'BOOL', 'No tick since a pulse was missed or the PLC started'),
    variable('Covered', 'BOOL', 'The part sensor was covered since the last tick'),
    variable('CheckSeen', 'BOOL'),
    variable('EjectRunning', 'BOOL'),
    variable('EjectSince', 'UDINT'),
    variable('DoubtEjecting', 'BOOL', 'What was ejected on doubt may still reach the eject sensor'),
    variable('DoubtSince', 'UDINT'),
    variable('DoubtTicks', 'INT'),
    variable('Ejecting', 'ARRAY[0..7] OF ST_GoodpartEjecting', 'Oldest first'),
    variable('EjectingCount', 'INT'),
    variable('Dispositions', 'ARRAY[0..15] OF ST_GoodpartDisposition', 'Oldest first'),
    variable('DispositionCount', 'INT'),
  ],
  temps: [
    variable('Now', 'UDINT'),
    variable('I', 'INT'),
    variable('K', 'INT'),
    variable('Ticked', 'BOOL'),
    variable('SinceTick', 'UDINT'),
    variable('Extra', 'BOOL', 'This tick is one too much'),
    variable('CoveredLong', 'BOOL'),
    variable('Overdue', 'BOOL'),
  ],
  constants: [
    variable('LAST_SLOT', 'INT', undefined, mostSlots - 1),
    variable('MOST_SLOTS', 'INT', undefined, mostSlots),
    variable('MOST_EJECTING', 'INT', undefined, mostEjecting),
    variable('MOST_DISPOSITIONS', 'INT', undefined, mostDispositions),
    variable('MOST_TICKS', 'INT', undefined, 30_000),
    variable('LONGEST_LIMIT_MS', 'UDINT', undefined, longestLimitMs),
    variable('DISPOSITION_ACCEPTED', 'UINT', undefined, dispositionCodes.accepted),
    variable('DISPOSITION_EJECTED', 'UINT', undefined, dispositionCodes.ejected),
    variable('DISPOSITION_EJECT_FAILED', 'UINT', undefined, dispositionCodes.ejectFailed),
  ],
  body,
};
