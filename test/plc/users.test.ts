import assert from 'node:assert/strict';
import { Users } from '../../lib/plc/users.ts';

const list = [
  { name: 'plc', password: 'secret', role: 'operator' as const },
  { name: 'hmi', password: 'looks', role: 'observer' as const },
];

describe('users of an endpoint', () => {
  const make = () => {
    const pauses: number[] = [];
    const users = new Users(list, async (ms) => {
      pauses.push(ms);
    });
    return { users, pauses };
  };

  it('are known by name and password, with their role', async () => {
    const { users } = make();
    assert.equal(await users.isUser('plc', 'secret'), true);
    for (const [name, password] of [
      ['plc', 'looks'],
      ['plc', ''],
      ['PLC', 'secret'],
      ['nobody', 'secret'],
      ['', ''],
      ['x'.repeat(5000), 'secret'],
    ]) {
      assert.equal(await users.isUser(name, password), false, name.slice(0, 10));
    }
    assert.deepEqual(
      [users.roleOf('plc'), users.roleOf('hmi'), users.roleOf('nobody')],
      ['operator', 'observer', null],
    );
  });

  it('wait longer and longer after a few wrong passwords, the right one too; other names do not', async () => {
    const { users, pauses } = make();
    for (let n = 0; n < 8; n++) await users.isUser('plc', 'guess');
    assert.deepEqual(pauses, [1000, 2000, 4000, 8000, 8000]);
    assert.equal(await users.isUser('hmi', 'looks'), true);
    assert.equal(pauses.length, 5);
    assert.equal(await users.isUser('plc', 'secret'), true);
    assert.equal(pauses.length, 6);
    await users.isUser('plc', 'guess');
    assert.equal(pauses.length, 6, 'a right password starts anew');
  });

  it('are asked one after the other for one name: many tries at once win nothing', async () => {
    const { users, pauses } = make();
    const tries = await Promise.all(Array.from({ length: 50 }, () => users.isUser('plc', 'guess')));
    assert.ok(tries.every((known) => !known));
    assert.ok(pauses.length <= 1, `${pauses}`);
    const later = await Promise.all(Array.from({ length: 50 }, () => users.isUser('plc', 'secret')));
    assert.ok(later.filter(Boolean).length <= 4);
  });

  it('are remembered over any number of strange names', async () => {
    const { users, pauses } = make();
    for (let n = 0; n < 3; n++) await users.isUser('plc', 'guess');
    for (let n = 0; n < 500; n++) await users.isUser(`stranger ${n}`, 'guess');
    assert.deepEqual(pauses, []);
    await users.isUser('plc', 'guess');
    assert.deepEqual(pauses, [1000]);
  });
});
