import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { genicamCheck } from '../../lib/cli/genicam-check.ts';
import { needs } from '../kit/needs.ts';

const libraries = ['x86_64', 'aarch64'].map((arch) => `/usr/lib/${arch}-linux-gnu/libaravis-0.8.so.0`);

describe('goodpart doctor on GenICam cameras', () => {
  it('says which libaravis there is and who answers', async function () {
    needs(this, 'libaravis-0.8-0', libraries.some(existsSync));
    const { state, found } = await genicamCheck.check();
    assert.equal(state, 'ok');
    assert.match(found, /^libaravis 0\.8\.\d+, \S/);
  });

  it('names the package where libaravis is missing, which most stations do without', async () => {
    const { state, found, advice } = await genicamCheck.check({ library: 'libaravis-0.0.so.9' });
    assert.deepEqual([state, found], ['note', 'libaravis-0.0.so.9 is missing']);
    assert.match(advice, /^Only GigE Vision and USB3 Vision cameras need it: sudo apt install libaravis-0\.8-0 /);
  });
});
