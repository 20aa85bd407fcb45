import assert from 'node:assert/strict';
import fc from 'fast-check';
import { encodeName, isId, newId } from '../../lib/core/ids.ts';
import { wireSequence } from '../../lib/core/inspection.ts';

describe('newId', () => {
  it('gives ids of our own form that never repeat', () => {
    const ids = Array.from({ length: 10_000 }, () => newId());
    assert.equal(new Set(ids).size, ids.length);
    assert.ok(ids.every(isId));
  });

  it('sorts by creation time to the millisecond', () => {
    fc.assert(
      fc.property(fc.nat(4e12), fc.integer({ min: 1, max: 1e9 }), (time, later) => newId(time) < newId(time + later)),
    );
  });

  it('encodes the time as the ULID specification does', () => {
    assert.equal(newId(1469918176385).slice(0, 10), '01ARYZ6S41');
  });
});

describe('isId', () => {
  it('refuses everything that is not an id of ours', () => {
    for (const value of ['', '../../etc/passwd', `${newId()}/`, newId().toLowerCase(), `${newId()}\n`, 7, null, {}]) {
      assert.equal(isId(value), false, String(value));
    }
  });
});

describe('encodeName', () => {
  const name = fc.string({ unit: 'binary', maxLength: 20 });

  it('never gives two names one folder, but for Unicode normal form', () => {
    fc.assert(
      fc.property(name, name, (a, b) => {
        fc.pre(a.isWellFormed() && b.isWellFormed());
        assert.equal(encodeName(a) === encodeName(b), a.normalize('NFC') === b.normalize('NFC'));
      }),
    );
    assert.equal(encodeName('Pru\u0308fung'), encodeName('Pr\u00fcfung'));
  });

  it('can be read back', () => {
    fc.assert(
      fc.property(name, (text) => {
        fc.pre(text.isWellFormed());
        assert.equal(decodeURIComponent(encodeName(text)), text.normalize('NFC'));
      }),
    );
  });

  it('gives only letters, digits, "-", "_" and "%", so never a path or a hidden file', () => {
    fc.assert(fc.property(name, (text) => /^[A-Za-z0-9_%-]*$/.test(encodeName(text))));
    assert.equal(encodeName('../..'), '%2E%2E%2F%2E%2E');
    assert.equal(encodeName('.hidden'), '%2Ehidden');
    assert.equal(encodeName('Linie 1'), 'Linie%201');
    assert.notEqual(encodeName('%2E'), encodeName('.'));
  });
});

describe('wireSequence', () => {
  it('counts 1..65535 and wraps past 0', () => {
    assert.deepEqual(
      [0, 1, 2, 65534, 65535, 65536, 65537, 131070, 131071].map(wireSequence),
      [0, 1, 2, 65534, 65535, 1, 2, 65535, 1],
    );
  });

  it('is never 0 for an inspection and always differs from the one before', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER - 1 }), (sequence) => {
        const [now, next] = [wireSequence(sequence), wireSequence(sequence + 1)];
        assert.ok(now >= 1 && now <= 65535);
        assert.notEqual(now, next);
      }),
    );
  });
});
