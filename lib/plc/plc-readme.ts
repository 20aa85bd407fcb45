import { stationDefaults } from './reference/station-io.ts';
import { plcRule } from './rule-box.ts';
import { codesys, tia } from './structured-text/dialect.ts';
import { exampleBlock } from './structured-text/example.ts';

const fence = '```';
const plainExample = (text: string) => text.replaceAll('’', "'").trimEnd();

/** README.md of `examples/plc`: for the PLC's programmer. */
export function plcReadme(): string {
  return `# For the PLC's programmer

${plcRule.map((line) => `> ${line}`).join('\n')}

Not a safety function. The station decides about pictures; the PLC owns part tracking and the reject gate. Every file here is generated
from one table (\`node dist/lib/plc/write-plc-files.js\`); change none of them by hand.

| file | what it is |
|---|---|
| \`goodpart-tia.scl\` | TIA Portal, S7-1500: structures, codes, decoding, both function blocks, an example |
| \`goodpart-codesys.st\` | the same for CODESYS and TwinCAT 3 |
| \`register-map.csv\`, \`coils.csv\` | every register and coil, with its OPC UA node |
| \`text-lists-en.csv\`, \`text-lists-de.csv\` | every number a tag can carry, as text for the HMI: list, value, text; UTF-8 |

The Structured Text is held by tests, cycle by cycle, to a reference that the station's own tests run; CODESYS' file is read by an
independent parser too. It has not been compiled by TIA Portal, CODESYS or TwinCAT yet: tell us what they say.

## Importing

**TIA Portal**: project tree, *External source files*, *Add new external file*, choose \`goodpart-tia.scl\`; right click, *Generate blocks
from source*. Codes and addresses lie in the data block \`DB_GoodpartCodes\`.

**CODESYS, TwinCAT 3**: these read no bare text. Add one object for each part of \`goodpart-codesys.st\` and paste: each \`TYPE\` as a DUT,
\`VAR_GLOBAL CONSTANT\` as a global variable list, each \`FUNCTION\` and \`FUNCTION_BLOCK\` as a POU: everything up to its last \`END_VAR\` above,
the statements below, without the closing \`END_…\`.

## The two blocks

\`FB_GoodpartStation\` holds the conversation with one station, \`FB_GoodpartTrack\` the slots and the gate. Call both once per cycle, the
station first. Both read no clock: \`NowMs\` is a free-running counter of milliseconds that may wrap after 31 or 32 bits: in TIA
\`DINT_TO_UDINT(TIME_TO_DINT(TIME_TCK()))\`, in CODESYS and TwinCAT \`TIME_TO_UDINT(TIME())\`.

- **Trigger**: a rising edge sends one. \`Issued\` tells its number in the same cycle, \`NotIssued\` why it was not sent. The next one is sent
  only when the station has accepted or refused the one before (\`ReadyToTrigger\`).
- **Result**: \`NewResult\` for one cycle. \`ResultAccept\` is TRUE only for a number that this block sent, in time, and accepted by the station.
- **AllReject**: the link is down, the map or the word order is wrong, the heartbeat stood still for longer than
  \`HeartbeatLimitMs\` (${stationDefaults.heartbeatLimitMs} ms; 0 is refused), the BootId is new, or counts do not match. Everything in flight is given up; when the station
  can be believed again, what it has open is waited for first.
- **Acknowledged mode**: set \`AckResults\` where the station is set to it too. The block acknowledges what it has taken.
- **The ring has no Accept**: results that came between two reads are accepted with Code 1, with Code 2 only where \`WarnAccepts\` is TRUE.
- **Slots**: a part sensor at slot 0, a tick (clock or encoder) that moves everything one slot on, trigger and eject positions, if you have
  them a second sensor that proves the tracking (\`CheckPosition\`) and one that sees ejected parts (\`ConfirmMs\`, \`ConfirmTicks\`). Make
  \`EjectPulseMs\` shorter than a tick if the ejector must come back between two parts.
- **StopRequest**: an ejected part was not seen leaving, a pulse is missing, the bin is full, or the positions do not fit. Stop the
  line at once.
- \`FaultCode\` and the members of \`Faults\` are in the text lists (BlockFault). What follows its cause goes by itself, the rest with a reset.

What our simulated line (\`lib/plc/simulator\`, where each fault can be tried) taught beside:

- Set \`TickMaxMs\` and obey \`StopRequest\`: with a pulse missing, a part that is a slot ahead of its slot passes the ejector first.
- After a start of the PLC everything on the line is ejected, slot by slot. What lies behind the ejector by then was not: let a person look.
- Between a missed pulse, or a start of the PLC, and the next pulse \`Eject\` stays on while \`Moving\` is TRUE: nobody knows where between two
  slots the parts are. See to it that your ejector may stay out so long. \`TickMaxMs\` counts only the time that the line moves.
- Let an ejected part be seen leaving within less than one slot (\`ConfirmMs\`), or the next one in the chute is taken for it.
- Put a check sensor before the ejector (\`CheckPosition\`): it finds what a bouncing encoder pulse has shifted.

## An example

${fence}iecst
${plainExample(codesys.block(exampleBlock))}
${fence}

The same in TIA:

${fence}scl
${plainExample(tia.block(exampleBlock))}
${fence}

A part id is up to 64 bytes UTF-8 in \`PartId\` with its length: in TIA \`Strg_TO_Chars\`, in CODESYS a loop over the text's characters.

## How the calls hang on the client

Three requests, over and over, one after the other: **write 41 registers from 200** (\`CommandRegisters\`, always the whole block in ONE
write: the station takes it as one), **read 100 registers from 0**, **read 40 registers from 300**. Add 1000·n for station n. Copy
\`CommandRegisters\` and \`CommandVersion\` together when the write starts, and hand that version back as \`WrittenVersion\` when it is done.

- \`LinkOk\`: the last read of both blocks was good and is not older than 500 ms. A client that hangs with old data is found by the heartbeat.
- **MB_CLIENT in TIA**: one instance, a step chain of three; \`MB_MODE\` 116 with \`MB_DATA_ADDR\` 200 and \`MB_DATA_LEN\` 41, then 103 with 0 and 100, then
  103 with 300 and 40; on at \`DONE\`; \`ERROR\` makes \`LinkOk\` FALSE and begins anew. \`MB_DATA_PTR\` points to arrays of WORD.
- **Modbus TCP in CODESYS**: a slave with three channels: Read Holding Registers (3) offset 0 length 100, the same with 300 and 40, Write
  Multiple Registers (16) offset 200 length 41, all cyclic; map them to the arrays. The channel does not tell when it has written: give as
  \`WrittenVersion\` what \`CommandVersion\` was two channel periods ago. \`LinkOk\` is the slave's running state without error.
- **OPC UA client of the PLC**: read \`Image\` (100 words, equal to the registers 0..99) and the five \`Ring\` arrays in ONE read request; fill
  \`Registers\` and, element by element, \`RingRegisters\` (Sequence, TriggerId, Code, Reason; Severity is a Float there and takes
  thousandths here, 65535 where it is negative), or the picture itself. Write the members of \`Command\` in ONE write request, \`TriggerId\` last.
- **The station as client** (it reads and writes the PLC's data block): \`WrittenVersion := CommandVersion\`, and \`DispositionHoldMs\` at least two of
  the station's periods.

## How fast it can go

\`T\` is the period of the client: with Modbus the time of the three requests, T = t(write) + t(read 100) + t(read 40); with OPC UA that of
one write and one read, or with a subscription sampling interval + publishing interval + t(write). \`C\` is the PLC's cycle, \`P\` the time
from part to part, \`D\` the station's \`DeadlineMs\`, \`I\` the time of an inspection. Measure T on your line; the heartbeat and \`CommandVersion\`
show it.

| what | rule | because |
|---|---|---|
| part to part, one after the other | P ≥ T + I + T + C | the trigger waits up to T for its write, the result up to T for its read |
| part to part, several in flight | P ≥ 2·T + C | a trigger is answered before the next is sent: one write and one read |
| in flight | (2·T + I) / P, rounded up, ≤ the station's limit, ≤ 8 | more are refused |
| reading | T ≤ 8·P, C ≤ P | the ring holds eight results, and the block takes one in a cycle |
| acknowledged mode | 2·T ≤ 8·P | an acknowledgement goes out with the next write after its read |
| \`MarginMs\` | ≥ 2·T + 2·C | D counts in the station; the block counts from its trigger to its reading |
| from trigger to eject position | (EjectPosition − TriggerPosition) · tick ≥ D + MarginMs + C | a result after that finds the part ejected |
| indexer | moves at \`MayMove\`: up to T + exposure + T after the trigger | \`ExposureDoneTrigger\` is read like everything else |

A trigger over the network suits parts that are indexed. Parts that move need a hardware line into the camera.
`;
}
