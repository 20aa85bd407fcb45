import { realpath, stat } from 'node:fs/promises';
import { systemClock } from '../core/clock.ts';
import { GoodpartError, invalidParameter } from '../core/errors.ts';
import { sniffEncoding } from '../core/frame.ts';
import { listPictures } from './folder-list.ts';
import { readPictureFile, unreadableFolder } from './picture-file.ts';
import type { FolderSettings } from './settings.ts';
import type {
  DeviceSettings,
  OpenOptions,
  Source,
  SourceDescription,
  SourceFrame,
  SourceModule,
  SourceSink,
} from './source.ts';

/** Each exposure is the next file, as it lies there: whether its bytes are a picture is for the decoder to say. */
class FolderSource implements Source {
  readonly #settings: FolderSettings;
  #sink: SourceSink | undefined;
  #root = '';
  #files: string[] = [];
  #round = 0;
  #next = 0;
  #number = 0;

  constructor(settings: FolderSettings) {
    this.#settings = settings;
  }

  async open({ resumeAfter, sink }: OpenOptions): Promise<SourceDescription> {
    this.#sink = sink;
    const { path } = this.#settings;
    try {
      this.#root = await realpath(path);
      if (!(await stat(this.#root)).isDirectory()) throw new Error('it is not a folder');
      this.#files = await listPictures(this.#root, this.#settings, 0);
    } catch (thrown) {
      throw unreadableFolder(path, thrown);
    }
    if (this.#files.length === 0) {
      const what = this.#settings.pattern === '' ? 'picture' : `file that matches "${this.#settings.pattern}"`;
      throw invalidParameter('path', `a folder with at least one ${what}`, path, 'GP_SOURCE_FAILED');
    }
    this.#number = resumeAfter;
    this.#next = resumeAfter;
    if (!this.#settings.loop) {
      if (this.#next >= this.#files.length) throw this.#exhausted();
    } else {
      this.#round = Math.floor(resumeAfter / this.#files.length);
      this.#next = resumeAfter % this.#files.length;
      if (this.#round > 0) this.#files = await listPictures(this.#root, this.#settings, this.#round);
    }
    return {
      delivery: 'on-demand',
      device: `folder ${path}`,
      running: `${this.#files.length} pictures, ${this.#settings.order === 'name' ? 'by name' : 'shuffled'}`,
      width: null,
      height: null,
      settings: await this.readSettings(),
    };
  }

  async close(): Promise<void> {
    this.#files = [];
  }

  async expose(): Promise<SourceFrame> {
    if (this.#next >= this.#files.length) await this.#startAgain();
    const file = this.#files[this.#next++];
    const number = ++this.#number;
    const exposedAt = systemClock.mono();
    const exposedUtc = systemClock.utc();
    const { data } = await readPictureFile(this.#root, file);
    const unknown = { width: null, height: null, channels: null, bitDepth: null };
    return { data, encoding: sniffEncoding(data), ...unknown, number, exposedAt, exposedUtc, settings: { file } };
  }

  async readSettings(): Promise<DeviceSettings> {
    return { files: this.#files.length };
  }

  async #startAgain(): Promise<void> {
    const { path, loop } = this.#settings;
    if (!loop) {
      const error = this.#exhausted();
      this.#sink?.fault(error); // opened again from time to time: files may be added
      throw error;
    }
    this.#round += 1;
    this.#next = 0;
    try {
      this.#files = await listPictures(this.#root, this.#settings, this.#round);
    } catch (thrown) {
      this.#files = [];
      throw unreadableFolder(path, thrown);
    }
    if (this.#files.length === 0) {
      throw invalidParameter('path', 'a folder with at least one picture', path, 'GP_SOURCE_FAILED');
    }
  }

  #exhausted(): GoodpartError {
    const text = `All ${this.#files.length} pictures of the folder have been used`;
    const details = { field: 'path', expected: 'another picture', received: 'the end of the folder' };
    return new GoodpartError('GP_SOURCE_FAILED', text, details);
  }
}

export const folderSource: SourceModule<FolderSettings> = {
  create: (settings) => new FolderSource(settings),
  discover: async () => [],
};
