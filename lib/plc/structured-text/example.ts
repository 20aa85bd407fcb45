import { type Block, variable } from './block.ts';

/** How the two blocks are called and joined: part of the sources, and what the README shows. */
export const exampleBlock: Block = {
  kind: 'FUNCTION_BLOCK',
  name: 'FB_GoodpartExample',
  comment: [
    'An example: one station, one line. Call it once per cycle. The Modbus or OPC UA client of the PLC fills the inputs and',
    'writes the outputs; see README.md.',
  ],
  inputs: [
    variable('NowMs', 'UDINT', 'Free-running milliseconds'),
    variable('LinkOk', 'BOOL', 'The last read is good and not older than 500 ms'),
    variable('Registers', 'ARRAY[0..99] OF WORD', 'Read from address 0'),
    variable('RingRegisters', 'ARRAY[0..39] OF WORD', 'Read from address 300'),
    variable('WrittenVersion', 'UINT', 'Version of the block that was written last'),
    variable('Tick', 'BOOL'),
    variable('Moving', 'BOOL'),
    variable('PartSensor', 'BOOL'),
    variable('EjectSensor', 'BOOL'),
    variable('BinFull', 'BOOL'),
    variable('Reset', 'BOOL'),
  ],
  outputs: [
    variable('CommandRegisters', 'ARRAY[0..40] OF WORD', 'Write to address 200, all at once'),
    variable('CommandVersion', 'UINT'),
    variable('Eject', 'BOOL'),
    variable('StopRequest', 'BOOL'),
  ],
  statics: [
    variable('Picture', 'ST_GoodpartPicture'),
    variable('Station', 'FB_GoodpartStation'),
    variable('Track', 'FB_GoodpartTrack'),
  ],
  temps: [variable('Done', 'BOOL')],
  body: `Done := FC_GoodpartDecode(Registers := Registers, Ring := RingRegisters, Picture := Picture);

Station(NowMs := NowMs, LinkOk := LinkOk, Picture := Picture, WrittenVersion := WrittenVersion,
  Trigger := Track.TriggerRequest, ExpectedRecipe := 0, PartIdLength := 0,
  DispositionTrigger := Track.DispositionTrigger, DispositionCode := Track.DispositionCode,
  FaultReset := Reset, MarginMs := 200);

Track(NowMs := NowMs, Tick := Tick, Moving := Moving, PartSensor := PartSensor, EjectSensor := EjectSensor,
  BinFull := BinFull, Reset := Reset, AllReject := Station.AllReject,
  Issued := Station.Issued, IssuedTriggerId := Station.IssuedTriggerId, NotIssued := Station.NotIssued,
  Refused := Station.Refused, RefusedTriggerId := Station.RefusedTriggerId,
  NewResult := Station.NewResult, ResultTriggerId := Station.ResultTriggerId, ResultAccept := Station.ResultAccept,
  DispositionReady := Station.DispositionReady,
  SlotCount := 16, TriggerPosition := 3, EjectPosition := 12, ConfirmMs := 500);

Done := FC_GoodpartEncode(Command := Station.Command, Registers := CommandRegisters);
CommandVersion := Station.CommandVersion;
Eject := Track.Eject;
StopRequest := Track.StopRequest;`,
};
