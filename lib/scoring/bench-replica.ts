import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '../core/clock.ts';
import { inputShape, wantedOutputs } from './fit.ts';
import { datatypes } from './kserve/infer-message.ts';
import { readDescription } from './model-store.ts';
import { Session } from './session.ts';

/**
 * Process of the bench: a STAND-IN for a KServe v2 server with an accelerator of its own, written here. It runs a small model, so that its answers
 * are true, one frame after the other, and makes each take `computeMs` by waiting: on one machine replicas can be measured beside each
 * other only while they do not compute. Arguments: the model's folder, computeMs. Prints its port.
 */
async function main(dir: string, computeMs: number): Promise<void> {
  const model = await readDescription(dir);
  const session = await Session.open(await readFile(join(dir, 'model.onnx')), { sha256: model.sha256 });
  const { name, input } = model;
  const wanted = wantedOutputs(model);
  const shape = inputShape(input);
  const base = `/v2/models/${name}`;
  const outputs = session.outputs.map((output) => ({ name: output.name, datatype: 'FP32', shape: output.shape }));
  let turn: Promise<unknown> = Promise.resolve();

  const infer = async (request: IncomingMessage, body: Buffer, response: ServerResponse) => {
    const length = Number(request.headers['inference-header-content-length']);
    const { id } = JSON.parse(body.toString('utf8', 0, length));
    const mine = turn.then(async () => {
      const due = systemClock.mono() + computeMs;
      const ran = await session.run({ [input.name]: { data: body.subarray(length), shape } }, wanted);
      await pause(Math.max(0, due - systemClock.mono()));
      return ran;
    });
    turn = mine;
    const ran = await mine;
    const parts = wanted.map((output) => Buffer.from(ran[output].data.buffer));
    const described = wanted.map((output, i) => ({
      ...{ name: output, datatype: 'FP32', shape: ran[output].shape },
      parameters: { binary_data_size: parts[i].length },
    }));
    const header = Buffer.from(JSON.stringify({ model_name: name, model_version: '1', id, outputs: described }));
    response.writeHead(200, {
      'Content-Type': 'application/octet-stream',
      'Inference-Header-Content-Length': String(header.length),
    });
    response.end(Buffer.concat([header, ...parts]));
  };

  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    if (request.method === 'POST') return infer(request, Buffer.concat(chunks), response);
    const inputs = [{ name: input.name, datatype: datatypes[input.type], shape }];
    const about = { name, versions: ['1'], platform: 'stand-in', inputs, outputs };
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(request.url === base ? about : {}));
  });
  server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
}

// the bench that started it holds the other end
process.stdin.on('end', () => process.exit(0)).resume();
main(process.argv[2], Number(process.argv[3])).catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
