import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { GoodpartError } from '../../lib/core/errors.ts';
import { checkConfig, defineConfig, migrate, type NodeConfig, readConfig } from '../../lib/node-red/config/config.ts';
import * as fields from '../../lib/node-red/config/fields.ts';
import { config as alarm } from '../../nodes/alarm/config.ts';
import { config as camera } from '../../nodes/camera/config.ts';
import { config as learn } from '../../nodes/learn/config.ts';
import { config as modbusEndpoint } from '../../nodes/modbus-endpoint/config.ts';
import { config as part } from '../../nodes/part/config.ts';
import { config as rules } from '../../nodes/rules/config.ts';
import { config as station } from '../../nodes/station/config.ts';
import { config as trigger } from '../../nodes/trigger/config.ts';
import { repositoryRoot } from '../kit/needs.ts';
import { region } from './every-node.ts';

const folders = readdirSync(join(repositoryRoot, 'nodes'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);
const configOf = (name: string) => require(join(repositoryRoot, 'dist/nodes', name, 'config.js')).config as NodeConfig;

describe('The configuration kit', () => {
  it('fills in defaults for what an old flow does not have', () => {
    assert.deepEqual(readConfig(station, {}), {
      name: '',
      line: 'line1',
      station: 'station1',
      mode: 'run',
      deadlineMs: 2000,
      maxOpen: 2,
      staleAfterMs: 0,
      acknowledged: false,
    });
  });

  it('reads what the editor stores as text', () => {
    const stored = { deadlineMs: '1500', maxOpen: ' 4 ', line: ' press 2 ', staleAfterMs: '1e3' };
    const { deadlineMs, maxOpen, line, staleAfterMs } = readConfig(station, stored);
    assert.deepEqual(
      { deadlineMs, maxOpen, line, staleAfterMs },
      {
        deadlineMs: 1500,
        maxOpen: 4,
        line: 'press 2',
        staleAfterMs: 1000,
      },
    );
    assert.deepEqual(readConfig(part, { station: 's', required: 'left, right' }).required, ['left', 'right']);
    assert.equal(readConfig(alarm, { station: 's', warns: 'true' }).warns, true);
  });

  const refused: [string, NodeConfig, Record<string, unknown>, string][] = [
    [
      'a number out of range',
      station,
      { maxOpen: 17 },
      'Expected a whole number from 1 to 16 for maxOpen but received 17',
    ],
    [
      'a fraction of a whole',
      station,
      { maxOpen: 1.5 },
      'Expected a whole number from 1 to 16 for maxOpen but received 1.5',
    ],
    [
      'NaN',
      station,
      { deadlineMs: Number.NaN },
      'Expected a whole number from 50 to 600000 ms for deadlineMs but received NaN',
    ],
    ['an emptied number', station, { maxOpen: '' }, 'Expected a whole number from 1 to 16 for maxOpen but received ""'],
    [
      'an endless number',
      learn,
      { station: 's', path: '/p', warnRate: '1e999' },
      'Expected a number from 0.0001 to 0.5 for warnRate but received "1e999"',
    ],
    ['an emptied name', station, { line: ' ' }, 'Expected a text of at most 64 characters for line but received " "'],
    [
      'a name that breaks lines',
      station,
      { line: 'a\nb' },
      'Expected a text of at most 64 characters for line but received "a\\nb"',
    ],
    ['an unknown word', station, { mode: 'fast' }, 'Expected one of run, shadow, offline for mode but received "fast"'],
    ['no station', part, {}, 'Expected a station for station but received ""'],
    [
      'a host with a path',
      modbusEndpoint,
      { host: 'http://plc/' },
      'Expected a host name or an IP address for host but received "http://plc/"',
    ],
    [
      'a property that is code',
      trigger,
      { station: 's', partIdProperty: 'a[0]()' },
      'Expected a message property such as part.id, or nothing for partIdProperty but received "a[0]()"',
    ],
    [
      'a view named twice',
      part,
      { station: 's', required: 'a, a' },
      'Expected names separated by commas, each once for required but received "a, a"',
    ],
    [
      'more good views than views',
      part,
      { station: 's', rule: 'kOfN', needed: 2 },
      'Expected a number not larger than that of the required views for needed but received 2',
    ],
    [
      'more bad parts than parts',
      alarm,
      { station: 's', needed: 5, outOf: 3 },
      'Expected a number not larger than the parts looked at for needed but received 5',
    ],
    [
      'a fail rate above the warn rate',
      learn,
      { station: 's', path: '/p', warnRate: 0.01, failRate: 0.05 },
      'Expected at most the warn rate for failRate but received 0.05',
    ],
    [
      'a folder camera without a folder',
      camera,
      { station: 's' },
      'Expected the path of a folder for path but received ""',
    ],
    [
      'a node from the future',
      station,
      { configVersion: 9 },
      'Expected a version up to 1 (this node was made by a newer Goodpart) for configVersion but received 9',
    ],
  ];
  for (const [what, config, stored, sentence] of refused) {
    it(`refuses ${what} in one sentence`, () => {
      assert.throws(
        () => readConfig(config, stored),
        (error: unknown) => GoodpartError.is(error) && error.code === 'GP_CONFIG_INVALID' && error.message === sentence,
      );
      assert.equal(checkConfig(config, stored).problems.length, 1);
    });
  }

  const withRegion = (change: object) => ({ station: 's', thresholds: 'fixed', rois: [{ ...region, ...change }] });
  const crossed = [
    [0.1, 0.1],
    [0.6, 0.5],
    [0.6, 0.1],
    [0.1, 0.5],
  ];
  const badRegions: [string, object, RegExp][] = [
    ['that crosses itself', { polygon: crossed }, /^Expected a polygon that does not cross .* for rois\[0\]\.polygon/],
    [
      'whose fail limit is below warn',
      { fail: 1.5 },
      /^Expected at least the warn limit \(2\) for rois\[0\]\.fail but received 1\.5$/,
    ],
    ['whose limit is NaN', { warn: Number.NaN }, /^Expected a finite number for rois\[0\]\.warn but received NaN$/],
    ['that only ignores', { mode: 'ignore', index: 0 }, /^Expected at least one region to inspect for rois/],
  ];
  for (const [what, change, sentence] of badRegions) {
    it(`refuses a fixed region ${what}, and does not look at it while the recipe's are used`, () => {
      assert.throws(() => readConfig(rules, withRegion(change)), { message: sentence });
      assert.doesNotThrow(() => readConfig(rules, { ...withRegion(change), thresholds: 'recipe' }));
    });
  }

  it('does not check what means nothing beside the other fields', () => {
    const { path, simWidth } = readConfig(camera, { station: 's', source: 'simulator', path: '', simWidth: 800 });
    assert.deepEqual({ path, simWidth }, { path: '', simWidth: 800 });
    assert.equal(readConfig(camera, { station: 's', path: '/p', simWidth: 'broken' }).simWidth, 640);
  });

  it('never lets a number through that is not finite and in range, whatever is stored', async () => {
    const field = fields.number({ default: 1, min: -5, max: 5 });
    await fc.assert(
      fc.property(fc.anything(), (stored) => {
        const checked = field.check(stored);
        return !('value' in checked) || (Number.isFinite(checked.value) && Math.abs(checked.value) <= 5);
      }),
    );
  });

  it('reads or refuses anything at all, always by its own error', async () => {
    await fc.assert(
      fc.property(fc.constantFrom(...folders), fc.dictionary(fc.string(), fc.anything()), (name, stored) => {
        try {
          readConfig(configOf(name), stored);
        } catch (error) {
          assert.ok(GoodpartError.is(error), String(error));
        }
      }),
    );
  });

  it('refuses field names that Node-RED’s editor would drop', () => {
    const spec = {
      type: 'goodpart-x',
      category: 'goodpart',
      paletteLabel: 'x',
      color: '#fff',
      inputs: 1,
      outputs: 1,
    } as const;
    assert.throws(() => defineConfig({ ...spec, fields: { k: fields.flag(true) } }), /two letters or more/);
  });
});

describe('Migrations', () => {
  it('give a camera from before views the view main, and keep the rest', () => {
    const before = {
      id: 'c',
      type: 'goodpart-camera',
      station: 's',
      source: 'folder',
      path: '/parts',
      order: 'shuffle',
    };
    const copy = structuredClone(before);
    assert.deepEqual(migrate(camera, before), {
      id: 'c',
      type: 'goodpart-camera',
      station: 's',
      source: 'folder',
      path: '/parts',
      order: 'shuffle',
      view: 'main',
      configVersion: 1,
    });
    assert.deepEqual(before, copy);
  });

  it('leave a node of the newest version as it is', () => {
    const stored = { configVersion: 1, station: 's', view: 'top' };
    assert.deepEqual(migrate(camera, stored), stored);
  });

  it('run in order, each once, from the version that is stored', () => {
    const spec = {
      type: 'goodpart-x',
      category: 'goodpart',
      paletteLabel: 'x',
      color: '#fff',
      inputs: 1,
      outputs: 1,
    } as const;
    const step = (version: number) => ({
      version,
      up: (old: Record<string, unknown>) => ({ ...old, steps: [...((old.steps as number[]) ?? []), version] }),
    });
    const config = defineConfig({ ...spec, fields: {}, migrations: [step(1), step(2), step(3)] });
    assert.deepEqual(migrate(config, { configVersion: 1 }), { configVersion: 3, steps: [2, 3] });
    assert.deepEqual(migrate(config, { configVersion: 'x' }), { configVersion: 3, steps: [1, 2, 3] });
  });
});

describe('Every node', () => {
  for (const name of folders) {
    const config = configOf(name);
    const built = (file: string) => readFileSync(join(repositoryRoot, 'dist/nodes', name, file), 'utf8');

    it(`${name} is right as it is dropped into a flow, but for what only the user can choose`, () => {
      const fresh = Object.fromEntries(Object.entries(config.fields).map(([key, field]) => [key, field.default]));
      const wrong = checkConfig(config, fresh).problems.map(({ owner }) => owner);
      const toChoose = wrong.filter((owner) => !['node', 'path'].includes(config.fields[owner].kind));
      assert.deepEqual(toChoose, []);
    });

    it(`${name} has its registration as a literal, all fields in its dialog, and a small editor half`, () => {
      const html = built(`${name}.html`);
      // the camera's has the fields of all sources and the live view, OPC UA's users, certificates and the PLC's tree
      const most: Record<string, number> = { camera: 120_000, 'opcua-endpoint': 75_000 };
      assert.ok(html.length < (most[name] ?? 60_000), `${html.length} bytes`);
      assert.match(html, new RegExp(`registerType\\("goodpart-${name}", \\{\\s+category: "${config.category}",`));
      assert.match(html, new RegExp(`icon: "goodpart-${name}\\.svg"`));
      for (const key of Object.keys(config.fields)) assert.match(html, new RegExp(`data-field="${key}"`), key);
      assert.match(html, new RegExp(`data-help-name="goodpart-${name}"`));
    });

    for (const language of ['en-US', 'de']) {
      it(`${name} has every word of its dialog in ${language}`, () => {
        const words: unknown = JSON.parse(built(`locales/${language}/${name}.json`));
        const word = (key: string) =>
          key.split('.').reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], words);
        const keys = [...built(`${name}.html`).matchAll(/data-i18n="([^"]+)"/g)].map(([, key]) => key);
        const ports = Array.from({ length: config.outputs }, (_, i) => `output.${i}`);
        const missing = [...keys, ...ports, 'input', 'problem'].filter((key) => typeof word(key) !== 'string');
        assert.deepEqual(missing, []);
      });
    }
  }
});
