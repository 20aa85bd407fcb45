import assert from 'node:assert/strict';
import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PlanCache, type PlanKey } from '../../../lib/scoring/tensorrt/plan-cache.ts';
import { tempDir } from '../../kit/temp.ts';

const key: PlanKey = {
  ...{ sha256: 'a'.repeat(64), precision: 'fp16', tensorrt: 100300, gpu: 'Orin', platform: 'L4T 36.4.3', workspace: 1 },
};

describe('cache of TensorRT plans', () => {
  it('gives a plan back for the very key, and for no other', async () => {
    const cache = new PlanCache(join(tempDir('plans'), 'plans'));
    assert.equal(await cache.read(key), null);
    const plan = Buffer.from('a plan\nof two lines');
    await cache.write(key, plan);
    assert.deepEqual(await cache.read(key), plan);
    const others: Partial<PlanKey>[] = [
      ...[{ sha256: 'b'.repeat(64) }, { precision: 'fp32' as const }, { tensorrt: 101303 }],
      ...[{ gpu: 'Thor' }, { platform: 'L4T 38.2' }, { workspace: 2 }],
    ];
    for (const change of others) assert.equal(await cache.read({ ...key, ...change }), null, JSON.stringify(change));
    await cache.remove(key);
    assert.equal(await cache.read(key), null);
  });

  it('takes a damaged or renamed plan for none', async () => {
    const cache = new PlanCache(tempDir('plans'));
    await cache.write(key, Buffer.from('plan'));
    const file = cache.fileOf(key);
    const whole = readFileSync(file);
    const flipped = Buffer.from(whole);
    flipped[whole.length - 1] ^= 1;
    for (const bytes of [flipped, whole.subarray(0, -1), Buffer.alloc(0), Buffer.from('nonsense')]) {
      writeFileSync(file, bytes);
      assert.equal(await cache.read(key), null);
    }
    writeFileSync(cache.fileOf({ ...key, gpu: 'Thor' }), whole);
    assert.equal(await cache.read({ ...key, gpu: 'Thor' }), null);
  });

  it('keeps the 32 newest and nothing half written', async () => {
    const cache = new PlanCache(tempDir('plans'));
    for (let i = 0; i < 34; i++) {
      const one = { ...key, workspace: i };
      await cache.write(one, Buffer.from('plan'));
      utimesSync(cache.fileOf(one), i, i);
    }
    await cache.write({ ...key, workspace: 99 }, Buffer.from('plan'));
    const names = readdirSync(cache.folder);
    assert.equal(names.length, 32);
    assert.ok(names.every((name) => name.endsWith('.plan')));
    assert.equal(await cache.read({ ...key, workspace: 0 }), null);
  });
});
