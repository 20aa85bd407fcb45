import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readLabels } from '../../lib/cli/labels.ts';
import { tempDir } from '../kit/temp.ts';

describe('labels of pictures', () => {
  const folder = tempDir('labels');
  const files = ['a.png', 'b, c.png', 'd.png'].map((name) => join(folder, name));
  const read = (text: string) => {
    const path = join(folder, 'labels.csv');
    writeFileSync(path, text);
    return readLabels(path, files, [folder]);
  };

  it('are read from a CSV file, whatever the order of its columns', async () => {
    const labels = await read('lot,file,note,shift\n7,a.png,fine,early\n,"b, c.png",,late\n');
    assert.deepEqual(
      [...labels],
      [
        [files[0], { lot: '7', shift: 'early', nest: undefined }],
        [files[1], { lot: undefined, shift: 'late', nest: undefined }],
      ],
    );
  });

  it('may be separated by semicolons, quoted, with a byte order mark and Windows line ends', async () => {
    const labels = await read('\uFEFFfile;nest\r\n"a.png";"the ""left"" one"\r\n\r\nd.png;2\r\n');
    assert.deepEqual(labels.get(files[0])?.nest, 'the "left" one');
    assert.deepEqual(labels.get(files[2])?.nest, '2');
    assert.equal(labels.size, 2);
  });

  it('may name files by whole paths, or by paths of the machine that wrote them', async () => {
    const labels = await read(`file,shift\n${files[0]},early\ngood/d.png,late\n`);
    assert.deepEqual([labels.get(files[0])?.shift, labels.get(files[2])?.shift], ['early', 'late']);
  });

  it('must name a picture that is there: the line is told', async () => {
    await assert.rejects(
      read('file,shift\na.png,early\nx.png,late\n'),
      /one of the good pictures in line 3 of .*"x\.png"/,
    );
  });

  it('must say what the columns are', async () => {
    await assert.rejects(
      read('a.png,early\n'),
      /a first line with file and any of shift, lot, nest in .* received a\.png,early/,
    );
    await assert.rejects(read(''), /but received an empty file/);
    await assert.rejects(readLabels(join(folder, 'absent.csv'), files, [folder]), /a readable CSV file for --labels/);
  });
});
