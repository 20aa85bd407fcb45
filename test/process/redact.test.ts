import assert from 'node:assert/strict';
import { redactor, redactUrls } from '../../lib/process/redact.ts';
import { TextRing } from '../../lib/process/text-ring.ts';

describe('secrets in texts', () => {
  it('of URLs go, the rest stays readable', () => {
    const rows: [string, string][] = [
      ['open rtsp://anna:pw@10.0.0.5:554/live failed', 'open rtsp://***@10.0.0.5:554/live failed'],
      ['rtsp://u:p@ss!w@host/a and mail to x@y', 'rtsp://***@host/a and mail to x@y'],
      ['"https://u:p/w@host" http://b:c@d', '"https://***@host" http://***@d'],
      ['rtsp://host:554/live', 'rtsp://host:554/live'],
      ['nothing here', 'nothing here'],
    ];
    for (const [text, safe] of rows) assert.equal(redactUrls(text), safe);
  });

  it('that are configured go wherever they stand, also as URLs write them', () => {
    const redact = redactor(['p@ss word', 'abc', '']);
    assert.equal(redact('user-pw=p@ss word; p%40ss%20word'), 'user-pw=***; ***');
    assert.equal(redact('abc is in abcdef, (abc)'), '*** is in abcdef, (***)');
  });

  it('are not shown in pieces where a text was cut', () => {
    const redact = redactor(['hunter22']);
    assert.equal(redact('open rtsp://anna:hun', true), 'open rtsp://***');
    assert.equal(redact('password=hunte', true), 'password=***');
    const secret = 'http://anna:hunter22@host';
    for (let at = 1; at < secret.length; at++) {
      const ring = new TextRing(5, redact);
      ring.push(Buffer.from(secret.slice(0, at)));
      assert.doesNotMatch(ring.lines().join(), /hunt/, `cut at ${at}`);
      ring.push(Buffer.from(`${secret.slice(at)}\n`));
      assert.deepEqual(ring.lines(), ['http://***@host']);
    }
  });

  it('do not come out of a long line that is cut at its beginning or end', () => {
    for (let offset = 3_950; offset < 4_050; offset += 7) {
      const ring = new TextRing(5, redactor(['hunter22']));
      for (let i = 0; i < 4; i++) ring.push(Buffer.from(`${'x'.repeat(offset)} rtsp://anna:hunter22@host `));
      ring.push(Buffer.from('\n'));
      assert.doesNotMatch(ring.lines().join(), /hunter|unter22|nter22|ter22/);
    }
  });
});
