import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { aravisPrototypes, loadAravis, optionalPrototypes } from '../../lib/capture/genicam/aravis.ts';
import { hasPythonModule, needs, repositoryRoot } from '../kit/needs.ts';

const typelibs = ['x86_64', 'aarch64'].map((arch) => `/usr/lib/${arch}-linux-gnu/girepository-1.0/Aravis-0.8.typelib`);

const types: Record<string, string> = {
  void: 'void',
  'void *': 'pointer',
  'void **': 'pointer',
  'const char *': 'text',
  int: 'int',
  uint: 'uint',
  uint32: 'uint',
  int64: 'int64',
  uint64: 'uint64',
  size_t: 'uint64',
  double: 'double',
};

/** `_Out_ uint *count` as the typelib's words: `out uint`. */
function argumentOf(text: string): string {
  const [, out, type] = /^(_Out_ )?(.*?)\w+$/.exec(text.trim()) ?? assert.fail(text);
  const bare = type.trim();
  if (!out) return types[bare] ?? assert.fail(text);
  return `out ${types[bare] === 'pointer' ? 'pointer' : (types[bare.replace(/ \*$/, '')] ?? assert.fail(text))}`;
}

function described(prototype: string): string[] {
  const [, returned, list] = /^(.*?)\w+\((.*)\)$/.exec(prototype) ?? assert.fail(prototype);
  const args = list === '' ? [] : list.split(',').map(argumentOf);
  return [types[returned.trim()] ?? assert.fail(prototype), ...args];
}

describe('the foreign functions of libaravis', () => {
  it('are declared as the installed library describes them', function () {
    needs(this, 'gir1.2-aravis-0.8', typelibs.some(existsSync) && hasPythonModule('gi'));
    const script = join(repositoryRoot, 'test/capture/aravis_signatures.py');
    const { stdout, stderr } = spawnSync('/usr/bin/python3', [script], { encoding: 'utf8' });
    assert.notEqual(stdout, '', stderr);
    const library = JSON.parse(stdout) as Record<string, string[]>;
    // described under the name of its longer form only, which takes a destructor before the GError
    const full = library.arv_camera_create_stream_full;
    library.arv_camera_create_stream = full.toSpliced(full.length - 2, 1);
    const unknown: string[] = [];
    for (const [name, prototype] of Object.entries({ ...aravisPrototypes, ...optionalPrototypes })) {
      if (library[name] === undefined) unknown.push(name);
      else assert.deepEqual(described(prototype), library[name], name);
    }
    // in the library and its headers, `guint name (void)`, yet in no typelib
    assert.deepEqual(unknown, ['arv_get_major_version', 'arv_get_minor_version', 'arv_get_micro_version']);
  });

  it('are missing with one sentence that names the package', async () => {
    await assert.rejects(loadAravis({ library: 'libaravis-0.0.so.9' }), {
      code: 'GP_SOURCE_FAILED',
      message: /^GenICam cameras need libaravis-0\.0\.so\.9: sudo apt install libaravis-0\.8-0 \(Failed to load/,
    });
    const importKoffi = () => Promise.reject(new Error('Cannot find package'));
    await assert.rejects(loadAravis({ importKoffi }), {
      code: 'GP_SOURCE_FAILED',
      message: /^GenICam cameras need the package koffi: npm install koffi@\d/,
    });
  });
});
