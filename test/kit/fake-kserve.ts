import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface FakeTensor {
  name: string;
  datatype: string;
  shape: number[];
}

/** What the fake serves: its own arithmetic, not ONNX Runtime. */
export interface FakeModel {
  name: string;
  inputs: FakeTensor[];
  outputs: FakeTensor[];
  /** Bytes of the first input → the values of each output. */
  run(bytes: Buffer): Record<string, number[]>;
}

export type Fault =
  | { kind: 'none' }
  | { kind: 'silent' }
  /** Until `release`. */
  | { kind: 'held' }
  | { kind: 'status'; status: number; text?: string }
  /** The connection ends within the answer. */
  | { kind: 'cut' }
  /** A whole HTTP answer that lacks the end of the last tensor. */
  | { kind: 'short' }
  | { kind: 'header'; value: string }
  | { kind: 'shape'; shape: number[] }
  | { kind: 'other-id' }
  | { kind: 'nan' }
  | { kind: 'garbage' };

/**
 * A FAKE server of the KServe v2 protocol, written here: for what a real one does not do on demand. Strict: what a request breaks of
 * the protocol is kept in `violations`. What real servers do is shown with real ones (kserve-servers.test.ts).
 */
export class FakeKServe {
  readonly model: FakeModel;
  readonly violations: string[] = [];
  /** For the infer requests only; metadata and readiness stay well. */
  fault: Fault = { kind: 'none' };
  ready = true;
  /** Says nothing of inputs and outputs, as some servers do. */
  mute = false;
  /** Answers 400 to binary tensors, as servers without the extension do. */
  jsonOnly = false;
  token: string | undefined;
  infers = 0;
  /** Infer requests at work, and the most there ever were. */
  atWork = 0;
  mostAtWork = 0;
  /** Infer requests whose connection went before they were answered. */
  givenUp = 0;
  connections = 0;
  readonly #held: (() => void)[] = [];
  readonly #server: Server;
  readonly #scheme: string;
  #port = 0;

  constructor(model: FakeModel, tls?: { key: string; cert: string }) {
    this.model = model;
    const serve = (request: IncomingMessage, response: ServerResponse) => {
      this.#serve(request, response).catch((error: Error) => this.violations.push(error.message));
    };
    this.#server = tls ? createTlsServer(tls, serve) : createServer(serve);
    this.#server.on('connection', () => {
      this.connections += 1;
    });
    this.#scheme = tls ? 'https' : 'http';
  }

  /** The second time on the same port. */
  async start(): Promise<this> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.#port}`;
  }

  /** Answers what was held, and holds nothing any more. */
  release(): void {
    this.fault = { kind: 'none' };
    for (const go of this.#held.splice(0)) go();
  }

  /** Dead at once: connections are cut. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) body.push(chunk);
    const json = (status: number, value: unknown) => {
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
    };
    if (this.token !== undefined && request.headers.authorization !== `Bearer ${this.token}`) {
      return json(401, { error: `bad token ${request.headers.authorization}` });
    }
    const { name, inputs, outputs } = this.model;
    const base = `/v2/models/${name}`;
    switch (`${request.method} ${request.url}`) {
      case `GET ${base}/ready`:
        return json(this.ready ? 200 : 503, {});
      case `GET ${base}`:
        return json(200, { name, versions: ['1'], platform: 'fake', ...(this.mute ? {} : { inputs, outputs }) });
      case `POST ${base}/infer`:
        return this.#infer(request, Buffer.concat(body), response);
      default:
        return json(404, { error: `unknown: ${request.url}` });
    }
  }

  async #infer(request: IncomingMessage, body: Buffer, response: ServerResponse): Promise<void> {
    this.infers += 1;
    this.atWork += 1;
    this.mostAtWork = Math.max(this.mostAtWork, this.atWork);
    response.once('close', () => {
      this.atWork -= 1;
      if (!response.writableFinished) this.givenUp += 1;
    });
    const { fault } = this;
    const refused = (status: number, error: string) => response.writeHead(status).end(JSON.stringify({ error }));
    if (this.jsonOnly && request.headers['inference-header-content-length'] !== undefined) {
      refused(400, 'body is not JSON');
      return;
    }
    const { id, bytes, binary } = this.#read(request, body);
    if (fault.kind === 'silent') return;
    if (fault.kind === 'held') await new Promise<void>((resolve) => this.#held.push(resolve));
    if (fault.kind === 'status') {
      refused(fault.status, fault.text ?? 'injected');
      return;
    }
    if (fault.kind === 'garbage') {
      response.end('<html>a proxy says hello</html>');
      return;
    }
    const values = this.model.run(bytes);
    if (fault.kind === 'nan') for (const list of Object.values(values)) list[0] = Number.NaN;
    const tensors = this.model.outputs.map((output) => ({
      ...output,
      shape: fault.kind === 'shape' ? fault.shape : output.shape,
      data: values[output.name],
    }));
    const answerId = fault.kind === 'other-id' ? 'another' : id;
    const common = { model_name: this.model.name, model_version: '1', id: answerId };
    if (!binary) {
      const answer = { ...common, outputs: tensors };
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(answer));
      return;
    }
    const parts = tensors.map(({ data }) => Buffer.from(Float32Array.from(data).buffer));
    const outputs = tensors.map(({ data, ...tensor }, i) => ({
      ...tensor,
      parameters: { binary_data_size: parts[i].length },
    }));
    const header = Buffer.from(JSON.stringify({ ...common, outputs }));
    const whole = Buffer.concat([header, ...parts]);
    const sent = fault.kind === 'short' ? whole.subarray(0, whole.length - 2) : whole;
    response.writeHead(200, {
      'Content-Type': 'application/octet-stream',
      'Inference-Header-Content-Length': fault.kind === 'header' ? fault.value : String(header.length),
      'Content-Length': String(sent.length),
    });
    if (fault.kind === 'cut') response.write(sent.subarray(0, sent.length / 2), () => response.destroy());
    else response.end(sent);
  }

  #read(request: IncomingMessage, body: Buffer): { id: string; bytes: Buffer; binary: boolean } {
    const check = (holds: boolean, what: string) => {
      if (!holds) this.violations.push(what);
    };
    const length = request.headers['inference-header-content-length'];
    const binary = length !== undefined;
    check(Number(request.headers['content-length']) === body.length, 'Content-Length');
    check(request.headers['content-type'] === `application/${binary ? 'octet-stream' : 'json'}`, 'Content-Type');
    const header = JSON.parse(body.subarray(0, binary ? Number(length) : body.length).toString('utf8'));
    const [input] = header.inputs;
    const [stated] = this.model.inputs;
    check(header.inputs.length === 1 && input.name === stated.name, 'inputs');
    check(input.datatype === stated.datatype, 'datatype');
    const count = input.shape.reduce((product: number, side: number) => product * side, 1);
    const bytes = binary ? body.subarray(Number(length)) : Buffer.from(input.data);
    check(bytes.length === count, 'element count');
    check(!binary || input.parameters.binary_data_size === bytes.length, 'binary_data_size');
    check(!binary || header.parameters.binary_data_output === true, 'binary_data_output');
    check(
      header.outputs.every(({ name }: FakeTensor) => this.model.outputs.some((output) => output.name === name)),
      'outputs',
    );
    return { id: header.id, bytes, binary };
  }
}
