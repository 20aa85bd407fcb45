import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isTopicRoot, topicLevel, topicsOf } from '../../lib/core/topics.ts';

describe('MQTT topics', () => {
  it('carry line and station, each as one level', () => {
    assert.deepEqual(topicsOf({ root: 'works1/hall2', line: 'Linie 1', station: 'Prüfung' }), {
      result: 'works1/hall2/Linie 1/Prüfung/vision/result',
      status: 'works1/hall2/Linie 1/Prüfung/vision/status',
    });
    assert.equal(topicLevel('a/b+c#d%e\0f'), 'a%2Fb%2Bc%23d%25e%00f');
  });

  it('are safe and different for any two names', () => {
    const name = fc.string({
      unit: fc.oneof(fc.constantFrom('+', '#', '/', '%', '2', 'F', '\0', '\u0085', '\ufffe'), fc.string()),
    });
    fc.assert(
      fc.property(name, name, (a, b) => {
        const [x, y] = [topicLevel(a), topicLevel(b)];
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
        assert.doesNotMatch(x, /[+#/\u0000-\u001f\u007f-\u009f\ufffe\uffff]/);
        assert.equal(x === y, a.normalize('NFC') === b.normalize('NFC'));
      }),
    );
  });

  it('have a root of whole levels without wildcards', () => {
    for (const root of ['goodpart', 'a/b/c', 'Werk 1']) assert.equal(isTopicRoot(root), true, root);
    for (const root of ['', '/a', 'a/', 'a//b', 'a/+', '#', '$SYS', 'a\0', 'x'.repeat(129)]) {
      assert.equal(isTopicRoot(root), false, root);
    }
  });
});
