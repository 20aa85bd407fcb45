import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { freePort } from './ports.ts';
import { tempDir } from './temp.ts';
import { until } from './until.ts';

const command = '/usr/sbin/mosquitto';

export const mosquittoIsThere = (): boolean => existsSync(command) && existsSync('/usr/bin/mosquitto_sub');

/** A real broker on 127.0.0.1 and a free port. It keeps sessions and retained messages over an orderly restart. */
export class Mosquitto {
  port = 0;
  #process: ChildProcess | undefined;
  #exit: Promise<void> = Promise.resolve();
  readonly #folder = tempDir('mosquitto');

  async start(): Promise<this> {
    this.port ||= await freePort();
    const config = join(this.#folder, 'mosquitto.conf');
    const lines = [
      `listener ${this.port} 127.0.0.1`,
      ...['allow_anonymous true', 'user root', 'persistence true', `persistence_location ${this.#folder}/`],
      ...['max_queued_messages 0', 'log_dest none'],
    ];
    writeFileSync(config, `${lines.join('\n')}\n`);
    const child = spawn(command, ['-c', config], { stdio: 'ignore' });
    this.#process = child;
    this.#exit = new Promise((resolve) => child.once('exit', () => resolve()));
    killWithUs(child);
    await until('the broker answers', () => this.#answers());
    return this;
  }

  async stop(): Promise<void> {
    this.signal('SIGTERM');
    await this.#exit;
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  #answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.port, '127.0.0.1');
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
  }
}

export interface Heard {
  topic: string;
  retained: boolean;
  qos: number;
  text: string;
}

/** mosquitto_sub, an independent client; with an id the broker keeps for it what comes while it is away. */
export class Subscriber {
  readonly heard: Heard[] = [];
  readonly #process: ChildProcess;
  #rest = '';

  constructor(port: number, topic: string, id?: string) {
    const session = id === undefined ? [] : ['-c', '-i', id];
    const args = [
      '-h',
      '127.0.0.1',
      '-p',
      `${port}`,
      '-q',
      '1',
      '-t',
      topic,
      '-F',
      '%r %q %t %p',
      '-k',
      '5',
      ...session,
    ];
    const child = spawn('/usr/bin/mosquitto_sub', args, { stdio: ['ignore', 'pipe', 'ignore'] });
    this.#process = child;
    killWithUs(child);
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (this.#rest + chunk).split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) {
        const [retained, qos, topic] = line.split(' ', 3);
        const text = line.slice(`${retained} ${qos} ${topic} `.length);
        this.heard.push({ topic, retained: retained === '1', qos: Number(qos), text });
      }
    });
  }

  stop(): void {
    this.#process.kill('SIGTERM');
  }
}

function killWithUs(child: ChildProcess): void {
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
}
