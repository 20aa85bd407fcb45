import { commandStatus } from '../../core/commands.ts';
import { elapsed, reached } from './arithmetic.ts';
import type { StationInput, StationMemory } from './station-io.ts';

/** One slow command after the other: wait for CommandAck 0, write, wait for the echo and its status, back to 0. */
export function slowCommand(memory: StationMemory, input: StationInput, now: number): void {
  const { out } = memory;
  const { CommandAck, CommandStatus } = input.picture.Status;
  if (input.commandStart && !memory.commandStartBefore && memory.commandState === 0) {
    out.commandDone = false;
    out.commandRefused = false;
    out.commandFailed = input.commandCode === 0 || memory.phase === 0;
    if (!out.commandFailed) {
      memory.commandState = 1;
      memory.commandSince = now;
      memory.commandWanted = input.commandCode;
      memory.commandWantedArg = input.commandArg;
    }
  }
  if (memory.commandState !== 0 && memory.phase === 0) {
    out.commandFailed = !out.commandDone && !out.commandRefused;
    writeCode(memory, 0);
    memory.commandState = 0;
  }
  const waited = elapsed(now, memory.commandSince);
  if (memory.commandState === 1) {
    if (CommandAck === 0) {
      out.command.arg = memory.commandWantedArg;
      writeCode(memory, memory.commandWanted);
      memory.commandSince = now;
      memory.commandState = 2;
    } else if (waited > input.commandLimitMs) {
      out.faults.commandNoAnswer = true;
      out.commandFailed = true;
      memory.commandState = 0;
    }
  } else if (memory.commandState === 2) {
    if (CommandAck === memory.commandWanted && CommandStatus >= commandStatus.done) {
      out.commandDone = CommandStatus === commandStatus.done;
      out.commandRefused = CommandStatus === commandStatus.refused;
      out.commandFailed = CommandStatus > commandStatus.refused;
      returnToZero(memory, now);
    } else if (waited > input.commandLimitMs) {
      out.faults.commandNoAnswer = true;
      out.commandFailed = true;
      returnToZero(memory, now);
    }
  } else if (memory.commandState === 3) {
    if (CommandAck === 0) memory.commandState = 0;
    else if (waited > input.answerLimitMs) {
      out.faults.commandNoAnswer = true;
      memory.commandState = 0;
    }
  }
  out.commandBusy = memory.commandState !== 0;
}

function returnToZero(memory: StationMemory, now: number): void {
  writeCode(memory, 0);
  memory.commandSince = now;
  memory.commandState = 3;
}

function writeCode(memory: StationMemory, code: number): void {
  if (memory.out.command.code === code) return;
  memory.out.command.code = code;
  memory.changed = true;
}

/** One disposition at a time: it stands until it was written, for the contract knows no answer to it. */
export function disposition(memory: StationMemory, input: StationInput, now: number): void {
  const { out } = memory;
  if (memory.dispositionHeld) {
    const written = reached(input.writtenVersion, memory.dispositionVersion);
    if (written && elapsed(now, memory.dispositionSince) >= input.dispositionHoldMs) memory.dispositionHeld = false;
    else if (input.dispositionTrigger !== 0) out.faults.dispositionLost = true;
  }
  if (!memory.dispositionHeld && input.dispositionTrigger !== 0) {
    out.command.dispositionTrigger = input.dispositionTrigger;
    out.command.dispositionCode = input.dispositionCode;
    memory.changed = true;
    memory.dispositionHeld = true;
    memory.dispositionSince = now;
    memory.dispositionVersion = (out.commandVersion + 1) % 65536;
  }
  out.dispositionReady = !memory.dispositionHeld;
}
