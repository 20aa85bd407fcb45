import assert from 'node:assert/strict';
import { ProgressBar, type Terminal } from '../../lib/cli/progress.ts';
import { table } from '../../lib/cli/table.ts';
import { goodpart, json } from './kit.ts';

interface Refusal {
  ok: boolean;
  exitCode: number;
  error: { code: string; message: string };
}

describe('what is typed after goodpart', () => {
  for (const name of ['learn', 'evaluate', 'inspect', 'import', 'export', 'frames', 'plc']) {
    it(`is explained by ${name} --help, exit codes included`, () => {
      const { status, stdout, stderr } = goodpart(name, '--help');
      assert.deepEqual([status, stderr], [0, '']);
      assert.match(stdout, new RegExp(`^goodpart ${name} --`));
      assert.match(stdout, /--json/);
      assert.match(stdout, /Exit code 0: .* 1: .* 2: wrong usage\. 3: /);
      assert.deepEqual(
        stdout.split('\n').filter((line) => line.length > 100),
        [],
        'fits a terminal',
      );
    });
  }

  it('ends with 2 and one line that names the option, what was expected and what came', () => {
    for (const [args, text] of [
      [['learn', '--good', '.'], /goodpart learn: Expected a new or empty folder for --out but received nothing; /],
      [['learn', '--out', 'x'], /Expected a folder of good pictures for --good but received nothing/],
      [
        ['learn', '--good', '.', '--out', 'x', '--head', 'hydra'],
        /Expected one of auto, gaussian, nearest for --head but received "hydra"/,
      ],
      [['learn', '--good', '.', '--out', 'x', '--seed', '-1'], /--seed/],
      [
        ['learn', '--good', '.', '--out', 'x', '--seed', '1.5'],
        /Expected a whole number from 0 to 4294967295 for --seed but received "1.5"/,
      ],
      [['learn', '--good', '.', '--out', 'x', '--miss-cost', '5'], /--false-reject-cost is not given/],
      [['learn', '--good', '.', '--out', 'x', '--layers', 'a'], /Expected --backbone FILE beside --layers/],
      [
        ['learn', '--good', '.', '--out', 'x', '--declare', 'day=a'],
        /Expected shift=a,b or lot=\.\.\. or nest=\.\.\. for --declare/,
      ],
      [['evaluate', '--model', '.'], /Expected a folder with test\/good and test\/<defect> for --data/],
      [
        ['evaluate', '--model', '.', '--data', '.', '--min-aupro', '7'],
        /Expected a number from 0 to 1 for --min-aupro but received "7"/,
      ],
      [['plc'], /Expected one of --modbus and --opcua/],
      [['plc', '--modbus', 'nowhere'], /Expected HOST:PORT for --modbus but received "nowhere"/],
      [['plc', '--modbus', 'a:1', '--fault', 'fire@3'], /Expected one of ejector-sticks, .* but received "fire@3"/],
      [['plc', '--modbus', 'a:1', '--rate', '0'], /Expected a number from 1 to 2000 for --rate but received "0"/],
      [['plc', '--modbus', 'a:1', '--rate', '2000', '--cycle', '50'], /cycleMs/],
      [['evaluate', '--wrong'], /Unknown option '--wrong'/],
      [['evaluate', 'stray'], /Expected options only for goodpart evaluate but received "stray"/],
      [['export', '--triton', 'x'], /Expected the folder of a model for --model but received nothing/],
      [
        ['export', '--model', 'x'],
        /Expected the folder of a Triton model repository for --triton but received nothing/,
      ],
      [['frames', '--out', 'x'], /Expected a video file for --video but received nothing/],
      [
        ['frames', '--video', 'x', '--out', 'x', '--every', '5'],
        /Expected a whole number from 20 to 3600000 for --every but received "5"/,
      ],
      [['inspect', '--model', '.'], /Expected the files to inspect but received none/],
      [['import', '--out', 'x'], /Expected an ONNX file for --onnx but received nothing/],
      [
        ['import', '--onnx', 'a', '--out', 'x', '--size', 'big'],
        /Expected pixels as N or WIDTHxHEIGHT for --size but received "big"/,
      ],
    ] as const) {
      const { status, stdout, stderr } = goodpart(...args);
      assert.match(stderr, text);
      assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
      assert.match(stderr, /--help tells how\n$/);
      assert.deepEqual([status, stdout], [2, ''], args.join(' '));
    }
  });

  it('is refused as a JSON object too, where JSON was asked for', () => {
    const ran = goodpart('evaluate', '--json', '--model', 'nowhere');
    const { ok, exitCode, error } = json<Refusal>(ran);
    assert.deepEqual([ok, exitCode, ran.status], [false, 2, 2]);
    assert.match(error.message, /for --data but received nothing/);
  });
});

describe('the progress bar', () => {
  const terminal = (isTTY: boolean) => {
    const written: string[] = [];
    const stream: Terminal = { isTTY, columns: 72, write: (text) => written.push(text) };
    return { written, bar: new ProgressBar(stream) };
  };

  it('is drawn over and over on a terminal, within its width, and removed at the end', () => {
    const { written, bar } = terminal(true);
    bar.show('reading', 0, 40, 0);
    bar.show('reading', 1, 40, 10);
    bar.show('reading', 10, 40, 1000);
    bar.show('reading', 40, 40, 4000);
    bar.end();
    assert.equal(written.length, 4, 'not for each picture');
    const wipe = '\r\u001b[K';
    assert.ok(written.every((line) => line.startsWith(wipe) && line.length < 72 + wipe.length));
    assert.match(written[1].slice(wipe.length), /^reading +\[#{6}\.{18}\] 10\/40, 3 s left$/);
    assert.equal(written[3], wipe);
  });

  it('is not drawn in a pipe', () => {
    const { written, bar } = terminal(false);
    bar.show('reading', 1, 2, 0);
    bar.end();
    assert.deepEqual(written, []);
  });
});

describe('a table', () => {
  it('lines up words to the left and numbers to the right', () => {
    const rows = [
      ['kind', 'pictures', 'share'],
      ['hole', '4', '25 %'],
      ['long scratch', '120', '-'],
    ];
    assert.equal(
      table(rows, ''),
      ['kind          pictures  share', 'hole                 4   25 %', 'long scratch       120      -'].join('\n'),
    );
  });
});
