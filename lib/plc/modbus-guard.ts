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
}

/**
 * Stands between a client's socket and the library: the library keeps silent about requests that it cannot read, answers a flood
 * to its end, and never notices bytes that are no Modbus. Whole, well-formed requests are handed on one by one, others are
 * answered with their exception here; a stream that is no Modbus TCP is closed.
 */
export function guardSocket(socket: Socket, options: GuardOptions): void {
  const library = socket.listeners('data') as ((frame: Buffer) => void)[];
  socket.removeAllListeners('data');
  const deliver = (frame: Buffer) => {
    for (const listener of library) listener.call(socket, frame);
  };
  let buffered: Buffer = Buffer.alloc(0);

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
      const code = exceptionFor(frame, options);
      if (code === 0) deliver(frame);
      else if (code !== null) socket.write(exception(frame, code));
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

function exception(request: Buffer, code: number): Buffer {
  const answer = Buffer.alloc(headerLength + 3);
  request.copy(answer, 0, 0, 4);
  answer.writeUInt16BE(3, 4);
  answer[6] = request[6];
  answer[7] = request[7] | 0x80;
  answer[8] = code;
  return answer;
}
