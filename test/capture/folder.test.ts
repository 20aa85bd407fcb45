import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { folderSource } from '../../lib/capture/folder-source.ts';
import { largestFile } from '../../lib/capture/picture-file.ts';
import { folderSettingsSchema } from '../../lib/capture/settings.ts';
import type { SourceSink } from '../../lib/capture/source.ts';
import { GoodpartError } from '../../lib/core/errors.ts';
import { tempDir } from '../kit/temp.ts';

const faults: GoodpartError[] = [];
const sink: SourceSink = { frame: () => {}, lost: () => {}, warning: () => {}, fault: (error) => faults.push(error) };
const signal = new AbortController().signal;

async function opened(path: string, more: object = {}, resumeAfter = 0) {
  const source = folderSource.create(folderSettingsSchema.parse({ kind: 'folder', path, ...more }));
  const description = await source.open({ sink, resumeAfter, signal });
  return { description, next: async () => (await source.expose({ after: 0, signal })).settings.file, source };
}

const base = tempDir('folders');

function folder(files: Record<string, string>): string {
  const root = mkdtempSync(join(base, 'f-'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(root, name, '..'), { recursive: true });
    writeFileSync(join(root, name), content);
  }
  return root;
}

describe('a folder of pictures', () => {
  it('gives its pictures by name, numbers as people count, and starts again', async () => {
    const { next, description } = await opened(folder({ 'b10.png': '', 'b9.PNG': '', 'a.jpeg': '', 'notes.txt': '' }));
    assert.equal(description.running, '3 pictures, by name');
    assert.deepEqual(
      [await next(), await next(), await next(), await next()],
      ['a.jpeg', 'b9.PNG', 'b10.png', 'a.jpeg'],
    );
  });

  it('takes only what matches the pattern, whatever characters the pattern holds', async () => {
    const root = folder({ 'a(1).png': '', 'a1.png': '', 'b.png': '', 'x.raw': '' });
    assert.equal(await (await opened(root, { pattern: 'a(?).png' })).next(), 'a(1).png');
    assert.equal(await (await opened(root, { pattern: '*.raw' })).next(), 'x.raw');
    await assert.rejects(opened(root, { pattern: '[' }), { field: 'path', message: /matches "\["/ });
  });

  it('enters sub-folders only when told', async () => {
    const root = folder({ 'one.png': '', 'sub/two.png': '' });
    assert.equal((await opened(root)).description.running, '1 pictures, by name');
    const { next } = await opened(root, { recursive: true });
    assert.deepEqual([await next(), await next()], ['one.png', join('sub', 'two.png')]);
  });

  it('shuffles the same way for the same seed, and another way in the next round', async () => {
    const root = folder(Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`${i}.png`, ''])));
    const take = async (seed: number, resumeAfter = 0, count = 20) => {
      const { next } = await opened(root, { order: 'shuffle', seed }, resumeAfter);
      const files = [];
      for (let i = 0; i < count; i++) files.push(await next());
      return files;
    };
    const both = await take(7, 0, 40);
    assert.deepEqual(await take(7), both.slice(0, 20));
    assert.notDeepEqual(both.slice(20), both.slice(0, 20));
    assert.deepEqual([...both.slice(20)].sort(), [...both.slice(0, 20)].sort());
    assert.notDeepEqual(await take(8), both.slice(0, 20));
    assert.deepEqual(await take(7, 25, 15), both.slice(25), 'a restarted child goes on where the last one was');
  });

  it('says clearly that a folder without loop is used up', async () => {
    const root = folder({ 'a.png': '', 'b.png': '' });
    const { next } = await opened(root, { loop: false });
    await next();
    await next();
    faults.length = 0;
    await assert.rejects(next(), { code: 'GP_SOURCE_FAILED', field: 'path', message: /All 2 pictures/ });
    assert.equal(faults.length, 1);
    await assert.rejects(opened(root, { loop: false }, 2), /All 2 pictures/);
    writeFileSync(join(root, 'c.png'), '');
    assert.equal(await (await opened(root, { loop: false }, 2)).next(), 'c.png');
  });

  it('delivers damaged and empty files as they are: the decoder judges them', async () => {
    const jpeg = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3]);
    const root = folder({ 'a.jpg': '', 'b.jpg': 'not a picture', 'c.png': '' });
    writeFileSync(join(root, 'c.png'), jpeg);
    const { source } = await opened(root);
    const frames = [];
    for (let i = 0; i < 3; i++) frames.push(await source.expose({ after: 0, signal }));
    assert.deepEqual(
      frames.map(({ encoding, data, width, number }) => [encoding, data.length, width, number]),
      [
        ['unknown', 0, null, 1],
        ['unknown', 13, null, 2],
        ['jpeg', 7, null, 3],
      ],
    );
  });

  it('refuses one file that is too large or cannot be read, and goes on with the next', async () => {
    const root = folder({ 'a.png': '', 'c.png': 'x' });
    truncateSync(join(root, 'a.png'), largestFile + 1);
    mkdirSync(join(root, 'b.png'));
    const { next } = await opened(root);
    await assert.rejects(next(), { code: 'GP_SOURCE_FAILED', message: /"a.png" has 67108865 bytes/ });
    assert.equal(await next(), 'c.png');
  });

  it('does not follow links out of the folder, nor wait for a named pipe', async () => {
    const outside = folder({ 'secret.png': 'x', 'deep/also.png': 'x' });
    const root = folder({ 'z.png': 'x' });
    symlinkSync(join(outside, 'secret.png'), join(root, 'a.png'));
    symlinkSync(outside, join(root, 'linked'));
    symlinkSync('/dev/zero', join(root, 'b.png'));
    symlinkSync('z.png', join(root, 'c.png'));
    symlinkSync('nowhere', join(root, 'd.png'));
    execFileSync('mkfifo', [join(root, 'e.png')]);
    const { next } = await opened(root, { recursive: true });
    assert.deepEqual([await next(), await next(), await next()], ['c.png', 'z.png', 'c.png']);
    const swapped = folder({ 'a.png': 'x' });
    const later = await opened(swapped);
    execFileSync('ln', ['-sf', join(outside, 'secret.png'), join(swapped, 'a.png')]);
    await assert.rejects(later.next(), /leads out of the folder/);
    const piped = folder({ 'a.png': 'x' });
    const last = await opened(piped);
    execFileSync('rm', [join(piped, 'a.png')]);
    execFileSync('mkfifo', [join(piped, 'a.png')]);
    await assert.rejects(last.next(), /is not a regular file/);
  });

  it('names the path when it is missing, empty, a file', async () => {
    const root = folder({ 'a.png': '' });
    for (const path of [join(root, 'gone'), join(root, 'a.png'), folder({}), '/proc/self/mem']) {
      await assert.rejects(
        opened(path),
        (error) => GoodpartError.is(error) && error.code === 'GP_SOURCE_FAILED' && error.field === 'path',
        path,
      );
    }
  });
});
