import type { FolderSettings } from '../../lib/capture/settings.ts';
import type { OpenOptions, Source, SourceDescription } from '../../lib/capture/source.ts';
import { systemClock } from '../../lib/core/clock.ts';
import { spawnTool, type Tool } from '../../lib/process/spawn-tool.ts';
import { fakeFrame } from './fake-source.ts';

const script = 'trap "" TERM; echo "rtsp://anna:s3cr3t@cam refused" >&2; while :; do sleep 1; done';

/**
 * The camera's child with a fake in the place of its sources: a tool that ignores SIGTERM, and frames that come until the
 * camera has a trouble, which the last part of the "folder" names. The second time it is opened it is well.
 */
class ToolSource implements Source {
  static opened = 0;
  readonly #trouble: string;
  readonly #tool: Tool;
  #timer: NodeJS.Timeout | undefined;

  constructor(trouble: string) {
    ToolSource.opened += 1;
    this.#trouble = ToolSource.opened === 1 ? trouble : '';
    this.#tool = spawnTool({ name: 'camera tool', command: 'sh', args: ['-c', script], package: 'dash', stopMs: 200 });
    this.#tool.stdout.resume();
  }

  async open({ sink, resumeAfter }: OpenOptions): Promise<SourceDescription> {
    let number = resumeAfter;
    let left = this.#trouble === '' ? Infinity : 10;
    if (this.#trouble === 'floods') {
      for (let i = 0; i < 5_000; i++) process.stderr.write(`${i} rtsp://anna:s3cr3t@cam ${'x'.repeat(500)}\n`);
    }
    this.#timer = setInterval(() => {
      if (left-- > 0) sink.frame(fakeFrame(++number, { settings: { tool: this.#tool.pid ?? 0 } }));
    }, 20);
    const running = 'rtsp://anna:s3cr3t@cam';
    const watch = { periodMs: 20, stallMs: 1_000, frozenMs: null };
    return { delivery: 'flow', device: 'tool', running, width: 1, height: 1, settings: {}, watch };
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    if (this.#trouble === 'clings') return new Promise(() => {});
    await this.#tool.stop();
  }

  async expose(): Promise<never> {
    throw new Error(`asked at ${systemClock.mono()}`);
  }

  async readSettings() {
    return {};
  }

  lastWords(): string[] {
    return this.#tool.lines();
  }
}

const registry = require('../../lib/capture/registry.js') as {
  createSource: (settings: FolderSettings) => Promise<Source>;
};
registry.createSource = async ({ path }) => new ToolSource(path.split('/').at(-1) ?? '');
require('../../lib/capture/camera-child.js');
