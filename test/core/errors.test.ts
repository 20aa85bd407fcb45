import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { asGoodpartError, errorCatalogue, GoodpartError, invalidParameter, shown } from '../../lib/core/errors.ts';
import { repositoryRoot } from '../kit/needs.ts';

describe('the error catalogue', () => {
  const codes = Object.keys(errorCatalogue);

  it('describes every code in whole sentences', () => {
    for (const [code, text] of Object.entries(errorCatalogue)) {
      assert.match(code, /^GP_[A-Z_]+$/);
      assert.match(text, /^[A-Z].{30,}\.$/, code);
    }
  });

  it('knows every code that the sources use', () => {
    const used = new Map<string, string>();
    for (const folder of ['lib', 'nodes']) {
      for (const name of readdirSync(join(repositoryRoot, folder), { recursive: true, encoding: 'utf8' })) {
        if (!/\.(ts|md)$/.test(name)) continue;
        const text = readFileSync(join(repositoryRoot, folder, name), 'utf8');
        for (const [code] of text.matchAll(/\bGP_[A-Z_]*[A-Z]\b/g)) used.set(code, `${folder}/${name}`);
      }
    }
    assert.ok(used.size > 5);
    for (const [code, file] of used) assert.ok(codes.includes(code), `${code} in ${file} is not in the catalogue`);
  });
});

describe('GoodpartError', () => {
  it('has its code as an own property, because Node-RED copies own properties only', () => {
    const error = invalidParameter('deadlineMs', 'a number from 50 to 60000', 'soon', 'GP_CONFIG_INVALID');
    assert.ok(Object.hasOwn(error, 'code'));
    assert.equal(error.message, 'Expected a number from 50 to 60000 for deadlineMs but received "soon"');
    assert.deepEqual(error.toJSON(), {
      code: 'GP_CONFIG_INVALID',
      message: error.message,
      field: 'deadlineMs',
      expected: 'a number from 50 to 60000',
      received: '"soon"',
    });
  });

  it('survives a process boundary as JSON', () => {
    const error = invalidParameter('path', 'a folder', 42);
    const copy = GoodpartError.fromJSON(JSON.parse(JSON.stringify(error)));
    assert.deepEqual(copy.toJSON(), error.toJSON());
    assert.ok(GoodpartError.is(copy));
  });

  it('takes any nonsense from a process boundary for an internal error', () => {
    const copy = GoodpartError.fromJSON({ code: 'GP_UNHEARD_OF', message: { a: 1 }, field: 7 });
    assert.equal(copy.code, 'GP_INTERNAL');
    assert.equal(copy.message, errorCatalogue.GP_INTERNAL);
    assert.equal(copy.field, undefined);
  });

  it('is recognised when another copy of the package made it', () => {
    const foreign = Object.assign(new Error('from the other copy'), { code: 'GP_INTERNAL' });
    Object.defineProperty(foreign, Symbol.for('goodpart.error'), { value: true });
    assert.ok(GoodpartError.is(foreign));
    assert.equal(asGoodpartError(foreign), foreign);
    assert.ok(!GoodpartError.is(new Error('GP_INTERNAL')));
    assert.ok(!GoodpartError.is(null));
  });

  it('keeps the message and the cause of whatever was thrown', () => {
    const cause = new RangeError('too far');
    const error = asGoodpartError(cause, 'GP_ENGINE_FAILED');
    assert.equal(error.code, 'GP_ENGINE_FAILED');
    assert.equal(error.message, 'too far');
    assert.equal(error.cause, cause);
    assert.equal(asGoodpartError('a plain text').message, '"a plain text"');
    assert.equal(asGoodpartError(undefined).code, 'GP_INTERNAL');
  });
});

describe('shown', () => {
  it('renders anything short and printable, never its content at length', () => {
    assert.equal(shown(Buffer.alloc(5_000)), 'Buffer of 5000 bytes');
    assert.equal(shown([1, 2, 3]), 'array of 3');
    assert.equal(shown({ password: 'secret' }), 'object');
    assert.equal(shown(null), 'null');
    assert.equal(shown(Number.NaN), 'NaN');
    assert.equal(shown('a\nb'), '"a\\nb"');
    assert.ok(shown('x'.repeat(1e6)).length <= 80);
  });
});
