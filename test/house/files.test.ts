import assert from 'node:assert/strict';
import { read, readJson, trackedFiles } from './sources.ts';

/** DESIGN.md section 3; dot files aside. */
const topLevel = [
  ...['nodes', 'lib', 'icons', 'examples', 'test', 'package.json', 'tsconfig.json', 'README.md'],
  ...['LICENSE', 'CHANGELOG.md', 'biome.json', 'package-lock.json'],
];
const text = /\.(ts|mjs|cjs|js|json|md|html|css|svg|sh|txt|csv|xml)$|^\.ci\//;

describe('the files of the house', () => {
  const files = trackedFiles();
  const code = files.filter((file) => /\.(ts|mjs|cjs|css)$/.test(file));
  const lengths = code.map((file) => ({ file, lines: read(file).split('\n').length - 1 }));

  it('have one subject each: none over 400 lines, most under 250', () => {
    const long = lengths.filter(({ lines }) => lines > 400);
    assert.deepEqual(long, []);
    const short = lengths.filter(({ lines }) => lines < 250);
    assert.ok(short.length >= lengths.length * 0.9, `${short.length} of ${lengths.length} are under 250 lines`);
  });

  it('lie where the design puts them', () => {
    const found = new Set(files.map((file) => file.split('/')[0]).filter((name) => !name.startsWith('.')));
    for (const name of found) assert.ok(topLevel.includes(name), `${name} does not belong on the top level`);
    for (const name of ['README.md', 'LICENSE', 'CHANGELOG.md']) assert.ok(found.has(name), `${name} is missing`);
  });

  it('include a README of about ten lines for each room', () => {
    const rooms = new Set(files.flatMap((file) => /^lib\/[^/]+(?=\/)/.exec(file)?.[0] ?? []));
    for (const room of [...rooms, 'nodes']) {
      assert.ok(files.includes(`${room}/README.md`), `${room} has no README.md`);
      const lines = read(`${room}/README.md`).trim().split('\n').length;
      assert.ok(lines >= 5 && lines <= 40, `${room}/README.md has ${lines} lines`);
    }
  });

  it('carry no machine paths, no registry hosts and no merge marks', () => {
    const patterns = [
      /(?<![\w.])\/(work|root|home\/(?!\.\.\.)[a-z]\w*)\/\w/,
      /\b(registry\.npmjs|registry\.yarnpkg|verdaccio|artifactory|jfrog\.io)/,
      /^(<{7}|>{7}) /m,
    ];
    for (const file of files.filter((name) => text.test(name) && name !== 'test/house/files.test.ts')) {
      const content = read(file);
      for (const pattern of patterns) {
        const match = pattern.exec(content);
        assert.equal(match, null, `${file}: ${match?.[0]}`);
      }
    }
  });

  it('leave no work for later and no test half switched on', () => {
    const marks = /\b(TODO|FIXME|XXX|HACK)\b/;
    for (const file of code.filter((name) => name !== 'test/house/files.test.ts')) {
      assert.doesNotMatch(read(file), marks, file);
      if (file.startsWith('test/')) assert.doesNotMatch(read(file), /\b(describe|it|context)\.only\(/, file);
    }
  });

  it('skip tests in one place only, which says why and lets CI skip nothing that a package brings', () => {
    const skips = /\b(describe|it|context)\.skip\(|\b(this|context)\.skip\(|\bx(describe|it)\(/;
    const found = files.filter((name) => /^test\/.*\.ts$/.test(name) && skips.test(read(name)));
    assert.deepEqual(
      found.filter((name) => name !== 'test/house/files.test.ts'),
      ['test/kit/needs.ts'],
    );
  });

  it('keep "any" and suppressed checks out', () => {
    for (const file of code.filter((name) => name.endsWith('.ts') && name !== 'test/house/files.test.ts')) {
      assert.doesNotMatch(read(file), /@ts-ignore|@ts-nocheck|(:|as|<) any\b/, file);
    }
  });

  it('record no host in the lock file, so that any registry serves it', () => {
    const { packages } = readJson<{ packages: Record<string, { resolved?: string; link?: boolean }> }>(
      'package-lock.json',
    );
    const hosts = Object.entries(packages).filter(([, { resolved, link }]) => resolved !== undefined && !link);
    assert.deepEqual(
      hosts.map(([name, { resolved }]) => `${name} ${resolved}`),
      [],
    );
  });
});
