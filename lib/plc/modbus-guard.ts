import type { Socket } from 'node:net';

/** A client that asks faster than it reads is dropped at this backlog, bytes. */
const maxBacklog = 256 * 1024;
/** Requests of one client answered in one turn of the loop: a flood of one leaves room for the others. */
const perTurn = 32;
const headerLength = 6;
/** Device identification: unit id, function and three bytes. */
const identificationLength = 5;
/** Unit id and the longest PDU of the specification. */
const maxLength = 254;
const minLength = 2;

const knownFunctions = new Set([1, 2, 3, 4, 5, 6, 15, 16, 43]);
/** Functions whose requests are unit id, function and two words. */
const fixedFunctions = new Set([1, 2, 3, 4, 5, 6]);
const fixedLength = 6;
const registerReads = new Set([3, 4]);
const arrayHead = 7;
const illegalFunction = 1;
const illegalValue = 3;

/** One request as it stands on the wire: `body` begins with the unit id. */
export interface ModbusRequest {
  unitId: number;
  functionCode: number;
  body: Buffer;
}

export interface GuardOptions {
  /** 0 and 255 answer any unit id. */
  unitId: number;
  /** An exception code for a request that must not reach the library, or 0. */
  refuse(request: ModbusRequest): number;
  /** So many registers from this address, or an exception code. */
  read(address: number, count: number): Uint16Array | number;
}

/**
 * Stands between a client's socket and the library: the library keeps silent about requests that it cannot read, answers a flood
 * to its end, and never notices bytes that are no Modbus. Whole, well-formed requests are handed on one by one, others are
 * answered with their exception here; a stream that is no Modbus TCP is closed. Registers are read here as well: the library has a timer run out
 * before each answer, a millisecond of every PLC's cycle.
 */
export function guardSocket(socket: Socket, options: GuardOptions): void {
  const library = socket.listeners('data') as ((frame: Buffer) => void)[];
  socket.removeAllListeners('data');
  const deliver = (frame: Buffer) => {
    for (const listener of library) listener.call(socket, frame);
  };
  let buffered: Buffer = Buffer.alloc(0);
  /** Of the library: what is answered here must not overtake it. */
  let unanswered = 0;
  const write = socket.write.bind(socket) as (answer: Buffer) => boolean;
  socket.write = ((answer: Buffer) => {
    unanswered = Math.max(0, unanswered - 1);
    return write(answer);
  }) as Socket['write'];

  const answer = (frame: Buffer) => {
    const code = exceptionFor(frame, options);
    if (code === null) return;
    const registers = code === 0 && unanswered === 0 && registerReads.has(frame[7]) ? readFor(frame, options) : code;
    if (typeof registers !== 'number') write(registersAnswer(frame, registers));
    else if (registers !== 0) write(exception(frame, registers));
    else {
      unanswered += 1;
      deliver(frame);
    }
  };

  const work = () => {
    for (let done = 0; done < perTurn; done++) {
      if (socket.destroyed || buffered.length < headerLength) return;
      const length = buffered.readUInt16BE(4);
      if (buffered.readUInt16BE(2) !== 0 || length < minLength || length > maxLength) {
        socket.destroy();
        return;
      }
      if (buffered.length < headerLength + length) return;
      const frame = buffered.subarray(0, headerLength + length);
      buffered = buffered.subarray(headerLength + length);
      answer(frame);
      if (socket.writableLength > maxBacklog) socket.destroy();
    }
    if (socket.destroyed || socket.isPaused()) return;
    socket.pause();
    setImmediate(() => {
      socket.resume();
      work();
    });
  };

  socket.on('data', (chunk: Buffer) => {
    buffered = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk]);
    work();
  });
}

/** 0: for the library. null: not for us, no answer. */
function exceptionFor(frame: Buffer, { unitId, refuse }: GuardOptions): number | null {
  const body = frame.subarray(headerLength);
  const request = { unitId: body[0], functionCode: body[1], body };
  if (unitId !== 0 && unitId !== 255 && request.unitId !== unitId) return null;
  if (!knownFunctions.has(request.functionCode)) return illegalFunction;
  return isWhole(request) ? refuse(request) : illegalValue;
}

/** Whether the request is as long as its function and its counts say. */
function isWhole({ functionCode, body }: ModbusRequest): boolean {
  if (fixedFunctions.has(functionCode)) return body.length === fixedLength;
  if (functionCode !== 15 && functionCode !== 16) return body.length === identificationLength;
  if (body.length < arrayHead) return false;
  const count = body.readUInt16BE(4);
  const bytes = functionCode === 16 ? count * 2 : Math.ceil(count / 8);
  return count > 0 && body[6] === bytes && body.length === arrayHead + bytes;
}

const readFor = (frame: Buffer, { read }: GuardOptions) => read(frame.readUInt16BE(8), frame.readUInt16BE(10));

function registersAnswer(request: Buffer, registers: Uint16Array): Buffer {
  const bytes = 2 * registers.length;
  const answer = Buffer.alloc(headerLength + 3 + bytes);
  request.copy(answer, 0, 0, 4);
  answer.writeUInt16BE(3 + bytes, 4);
  request.copy(answer, headerLength, headerLength, headerLength + 2);
  answer[8] = bytes;
  for (const [n, register] of registers.entries()) answer.writeUInt16BE(register, 9 + 2 * n);
  return answer;
}

function exception(request: Buffer, code: number): Buffer {
  const answer = Buffer.alloc(headerLength + 3);
  request.copy(answer, 0, 0, 4);
  answer.writeUInt16BE(3, 4);
  answer[6] = request[6];
  answer[7] = request[7] | 0x80;
  answer[8] = code;
  return answer;
}
