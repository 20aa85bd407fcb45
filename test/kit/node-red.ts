import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './ports.ts';
import { tempDir } from './temp.ts';
import { until } from './until.ts';

export type Release = 'node-red' | 'node-red-4';
export const releases: Release[] = ['node-red', 'node-red-4'];

export interface NodeRedOptions {
  release?: Release;
  /** Default: a fresh one, empty but for settings. */
  userDir?: string;
  /** Node-RED's `adminAuth`, with passwords hashed by bcrypt. */
  adminAuth?: object;
  /** More settings, plain JSON. */
  settings?: Record<string, unknown>;
  env?: Record<string, string>;
  startMs?: number;
}

/** One node of a flow, as the editor would export it. */
export type FlowNode = { id: string; type: string; [field: string]: unknown };

/** A real Node-RED in a process of its own, on 127.0.0.1 and a free port. */
export class NodeRed {
  readonly userDir: string;
  readonly #options: NodeRedOptions;
  #port = 0;
  #process: ChildProcess | undefined;
  #output = '';
  #exit: Promise<void> = Promise.resolve();
  token: string | undefined;

  constructor(options: NodeRedOptions = {}) {
    this.#options = options;
    this.userDir = options.userDir ?? tempDir('node-red');
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  get running(): boolean {
    return this.#process !== undefined;
  }

  /** Everything it printed since the first start. */
  get log(): string {
    return this.#output;
  }

  /** Starts it, or starts it again after `stop` or `kill` on the same userDir; resolves when it answers over HTTP. */
  async start(): Promise<this> {
    const { release = 'node-red', env, startMs = 30_000 } = this.#options;
    this.#port ||= await freePort();
    const settings = join(this.userDir, 'settings.js');
    writeFileSync(settings, `module.exports = ${JSON.stringify(this.#settings(), null, 2)};\n`);
    const { NODE_OPTIONS: _, GOODPART_OUTCOME: __, ...inherited } = process.env;
    const args = [require.resolve(`${release}/red.js`), '--userDir', this.userDir, '--settings', settings];
    const child = spawn(process.execPath, args, {
      cwd: this.userDir,
      env: { ...inherited, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        this.#output += chunk.toString();
      });
    }
    this.#exit = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#output += `\n[ended with ${signal ?? code}]\n`;
        if (this.#process === child) this.#process = undefined;
        resolve();
      });
    });
    const killWithUs = () => child.kill('SIGKILL');
    process.once('exit', killWithUs);
    child.once('exit', () => process.off('exit', killWithUs));
    await until(
      'Node-RED answers',
      async () => {
        if (!this.running) return true;
        const { status } = await fetch(`${this.url}/settings`);
        return (status === 200 || status === 401) && this.#output.includes('Started flows');
      },
      { timeoutMs: startMs, everyMs: 50 },
    ).catch((error: Error) => {
      child.kill('SIGKILL');
      throw new Error(`${error.message}\n${this.#output.slice(-2_000)}`);
    });
    if (!this.running) throw new Error(`Node-RED did not start:\n${this.#output.slice(-2_000)}`);
    return this;
  }

  #settings(): Record<string, unknown> {
    const { adminAuth, settings } = this.#options;
    return {
      uiHost: '127.0.0.1',
      uiPort: this.#port,
      flowFile: 'flows.json',
      credentialSecret: 'test',
      telemetry: { enabled: false, updateNotification: false },
      // the smaller of Node-RED's two editors for code, of which no dialog of ours has one: the usual one takes a quarter of a browser's time (measured)
      editorTheme: { tours: false, projects: { enabled: false }, codeEditor: { lib: 'ace' } },
      externalModules: { palette: { allowInstall: false }, modules: { allowInstall: false } },
      logging: { console: { level: 'info', metrics: false, audit: false } },
      ...(adminAuth ? { adminAuth } : {}),
      ...settings,
    };
  }

  /** A request to the admin API, with the token of `signIn` where there is one. */
  request(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.token) headers.set('authorization', `Bearer ${this.token}`);
    return fetch(`${this.url}/${path.replace(/^\//, '')}`, { ...init, headers });
  }

  async json<T>(path: string, init: RequestInit = {}): Promise<T> {
    const response = await this.request(path, init);
    const text = await response.text();
    if (!response.ok) throw new Error(`${init.method ?? 'GET'} ${path}: ${response.status} ${text.slice(0, 500)}`);
    return JSON.parse(text) as T;
  }

  /** Signs in under `adminAuth`; later requests carry the token. */
  async signIn(username: string, password: string, scope = '*'): Promise<void> {
    const body = { client_id: 'node-red-editor', grant_type: 'password', scope, username, password };
    const { access_token } = await this.json<{ access_token: string }>('auth/token', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    this.token = access_token;
  }

  /** Deploys as the editor's button does. `full` restarts every node, `nodes` only what changed, `flows` whole tabs. */
  async deploy(flows: FlowNode[], how: 'full' | 'nodes' | 'flows' | 'reload' = 'full'): Promise<void> {
    const response = await this.request('flows', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'node-red-deployment-type': how, 'node-red-api-version': 'v1' },
      body: JSON.stringify(flows),
    });
    if (!response.ok) throw new Error(`Deploy: ${response.status} ${await response.text()}`);
  }

  /** Resolves when the log has a text that matches, from `from` characters on. */
  logged(pattern: RegExp, { from = 0, timeoutMs = 10_000 } = {}): Promise<RegExpExecArray> {
    return until(`Node-RED logs ${pattern}`, () => pattern.exec(this.#output.slice(from)), { timeoutMs });
  }

  /** An orderly end, by the signal that systemd sends; SIGKILL after `ms`. */
  async stop(ms = 20_000): Promise<void> {
    const child = this.#process;
    if (!child) return;
    child.kill('SIGTERM');
    const killer = setTimeout(() => child.kill('SIGKILL'), ms);
    await this.#exit;
    clearTimeout(killer);
  }

  /** As a power cut would. */
  async kill(): Promise<void> {
    this.#process?.kill('SIGKILL');
    await this.#exit;
  }
}
