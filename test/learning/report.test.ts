import assert from 'node:assert/strict';
import fc from 'fast-check';
import sharp from 'sharp';
import { clopperPearson } from '../../lib/learning/limits/intervals.ts';
import { roundTicks } from '../../lib/learning/report/charts.ts';
import { composeReport, mostThumbnails } from '../../lib/learning/report/compose.ts';
import { html } from '../../lib/learning/report/html.ts';
import { emptyReport, renderReport } from '../../lib/learning/report/page.ts';
import { thumbnail } from '../../lib/learning/report/thumbnail.ts';
import { digestOf, hostile, sampleReport, sampleSubject } from './report-sample.ts';

const file = { interactive: false } as const;
/** What a person reads, in order. */
const textOf = (page: string) =>
  page
    .replace(/^[\s\S]*<body>/, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');

describe('the learning report', () => {
  it('is one file that loads nothing, runs nothing and says so to the browser', async () => {
    const page = renderReport(await sampleReport(), file);
    assert.doesNotMatch(page, /<script|<link rel="stylesheet|https?:|url\(|\son[a-z]+="|style="/);
    assert.match(page, /http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;; style-src/);
    for (const [, source] of page.matchAll(/<img src="([^"]*)"/g)) assert.match(source, /^data:image\/jpeg;base64,/);
  });

  it('says first what the model sees and does not see, then the limits, then which pictures to look at', async () => {
    const text = textOf(renderReport(await sampleReport(), file));
    const places = [
      'What it can and cannot see',
      'The limits',
      'Pictures to look at',
      'What it has seen',
      'How it was',
    ];
    const found = places.map((title) => text.indexOf(title));
    assert.deepEqual(
      found,
      found.toSorted((a, b) => a - b),
    );
    assert.ok(found[0] > 0);
    assert.match(text, /It finds scratch of contrast 50 from 23 px on/);
    assert.match(text, /The miss rate is unknown until real defects are shown/);
    assert.match(text, /scratch of contrast 20 reliably at any size tried , up to 51 px/);
  });

  it('states estimate, bound and the good parts that a tighter claim takes', async () => {
    const report = await sampleReport();
    const text = textOf(renderReport(report, file));
    const { warn } = report.thresholds;
    assert.match(text, new RegExp(`Warn ${warn.value.toFixed(2)} 5\\.0 % ${(warn.bound * 100).toFixed(1)} %`));
    assert.match(text, /guessed from the tail: too few pictures to know/);
    assert.match(text, new RegExp(`${report.thresholds.fail.tighter.more} more good parts for at most`));
  });

  it('says what a picture unlike the others does to the limits', async () => {
    const text = textOf(renderReport(await sampleReport(), file));
    assert.match(
      text,
      /1 picture unlike the others lifts the limits Without it fail would be about [34]\.\d\d instead of/,
    );
    const clean = textOf(renderReport(await sampleReport({ findings: [] }), file));
    assert.doesNotMatch(clean, /unlike the others lift/);
    assert.match(clean, /Nothing stands out/);
  });

  it('shows the detection rate with its interval once defects were shown', async () => {
    const detection = (found: number) => ({ found, shown: 20, rate: found / 20, interval: clopperPearson(found, 20) });
    const [warn, fail] = [detection(18), detection(15)];
    const defects = {
      ...{ shown: 20, warn, fail, suggestion: null, statement: '' },
      kinds: [{ kind: 'crack', warn, fail }],
      missed: [
        { label: '/defects/crack 7.png', kind: 'crack', score: 2.5, verdict: 'pass' as const, falseRejects: 0.2 },
      ],
    };
    const text = textOf(renderReport(await sampleReport({ defects }), file));
    assert.match(
      text,
      /15 of 20 real defects shown: 75 % \(95 % certain: 51 % to 91 %\) rejected, 18 at least warned of/,
    );
    assert.match(text, /2 of 20 real defects shown pass unnoticed/);
    assert.match(text, /crack 7\.png \(2\.50\)/);
    assert.doesNotMatch(text, /miss rate is unknown/);
  });

  it('shows hostile names as the text they are', async () => {
    const page = renderReport(await sampleReport(), file);
    assert.doesNotMatch(page, /<img src=x|onerror="|\u202e/);
    assert.match(page, /&lt;img src=x onerror=&quot;document\.title=1&quot;&gt;�gnp\.jpg/);
    assert.match(page, /bracket &lt;left&gt;/);
  });

  it('takes no picture address from a report but a JPEG inside of it', async () => {
    const report = await sampleReport();
    for (const picture of Object.values(report.pictures)) picture.thumbnail = 'https://example.org/spy.jpg';
    assert.doesNotMatch(renderReport(report, file), /example\.org/);
  });

  it('lists a picture once with all that was found, a copy beside what it repeats, and examples of each cluster', async () => {
    const page = renderReport(await sampleReport(), file);
    const cards = page.match(/<article[\s\S]*?<\/article>/g) ?? [];
    const mine = cards.filter((card) => card.includes('gnp.jpg'));
    assert.equal(mine.length, 1);
    assert.match(mine[0], /Scored 11\.00[\s\S]*<b>Blurred\.<\/b> Its edges are 50 %/);
    assert.match(page, /This looks like 2 products or set-ups: learn them separately/);
    assert.match(page, /<div class="pair"><img[^>]*part 8\.png[^>]*><img[^>]*part 9\.png/);
    assert.equal(page.match(/<figcaption>[AB] /g)?.length, 2);
  });

  it('has a box for each picture only where somebody can act on it', async () => {
    const report = await sampleReport();
    assert.doesNotMatch(renderReport(report, file), /<input|<form/);
    const served = renderReport(report, { interactive: true, nonce: 'abc', script: 'say("</script>")' });
    assert.match(served, new RegExp(`<input type="checkbox" name="leave" value="${digestOf(3)}"`));
    assert.match(served, /<script nonce="abc">say\("<\\\/script>"\)<\/script>/);
    assert.doesNotMatch(served, /http-equiv/);
  });

  it('names what makes the model provisional, and regions with limits of their own', async () => {
    const { thresholds } = await sampleReport();
    const region = {
      index: 1,
      name: 'rim & edge',
      measure: 'maximum' as const,
      areaAbove: null,
      median: 1,
      warn: 2,
      fail: 3,
    };
    const page = renderReport(await sampleReport({ rois: [{ ...region, thresholds }] }), file);
    assert.match(page, /provisional<\/span>/);
    assert.match(textOf(page), /seen no frame of shift &quot;night&quot;; it needs at least 5/);
    assert.match(page, /rim &amp; edge/);
  });

  it('shows the spread of repeated parts as a gauge study says it', async () => {
    const repeatability = {
      parts: [
        {
          part: 'A',
          presentations: 5,
          mean: 2,
          deviation: 0.1,
          sigmasToFail: 20,
          sigmasToWarn: 9,
          verdictChanged: false,
        },
        {
          part: 'B',
          presentations: 5,
          mean: 3,
          deviation: 0.4,
          sigmasToFail: 2,
          sigmasToWarn: 0.5,
          verdictChanged: true,
        },
      ],
      ...{
        presentations: 10,
        mean: 2.5,
        repeatability: 0.3,
        repeatabilityBound: 0.5,
        partVariation: 0.6,
        totalVariation: 0.7,
      },
      ...{ contribution: 0.2, studyVariation: 0.44, marginUsed: 0.37, distinctCategories: 3, changed: 1 },
      ...{ assessment: 'poor' as const, statement: 'The spread of one part uses 37 % of the margin.' },
    };
    const text = textOf(renderReport(await sampleReport({ repeatability }), file));
    assert.match(text, /Repeatability poor The spread of one part uses 37 % of the margin/);
    assert.match(text, /37 % of the margin to fail used|of the margin to fail used 37 %/);
    assert.match(text, /verdict changed/);
  });

  it('stays readable where hardly anything is known', async () => {
    const nothing = { sensitivity: null, clusters: null, coverage: null, provisional: [], findings: [], skipped: [] };
    const text = textOf(renderReport(await sampleReport({ ...nothing, goodScores: [1, 1, 1] }), file));
    assert.match(text, /What drawn defects it would find was not measured/);
    assert.doesNotMatch(text, /NaN|undefined|null|Infinity|\[object/);
  });

  it('carries thumbnails of the pictures it speaks of and of no others, up to a bound', async () => {
    const { pictures } = await sampleReport();
    for (const picture of [3, 8, 9, 20, 161]) assert.ok(pictures[picture].thumbnail, `picture ${picture}`);
    assert.ok(Object.keys(pictures).length < 20);
    const subject = sampleSubject();
    const copy = subject.summary.findings.find(({ kind }) => kind === 'duplicate');
    assert.ok(copy);
    const label = (picture: number) => ({ picture, label: `${picture}`, digest: digestOf(picture) });
    subject.summary.findings = Array.from({ length: 199 }, (_, i) => ({ ...copy, ...label(i + 1), of: label(0) }));
    const many = await composeReport(subject);
    assert.equal(Object.values(many.pictures).filter((picture) => picture.thumbnail).length, mostThumbnails);
    assert.equal(Object.keys(many.pictures).length, 200);
    assert.match(renderReport(many, file), /<summary>\d+ more<\/summary>[\s\S]*no picture kept/);
  });

  it('survives being written as JSON and read again', async () => {
    const report = await sampleReport();
    assert.equal(renderReport(JSON.parse(JSON.stringify(report)), file), renderReport(report, file));
  });

  it('takes no nonce that could break out of its place', async () => {
    const report = await sampleReport();
    assert.throws(() => renderReport(report, { interactive: true, nonce: '"><script>' }), TypeError);
    assert.throws(() => emptyReport('" onload="'), TypeError);
    assert.match(emptyReport('abc'), /Nothing learned yet/);
  });
});

describe('parts of the report', () => {
  it('escape whatever is put in, lists too, and nothing twice', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { text: markup } = html`<p title="${text}">${[text, html`<b>${text}</b>`]}</p>`;
        assert.match(markup, /^<p title="[^"<>]*">[^<>]*<b>[^<>]*<\/b><\/p>$/u);
      }),
    );
    assert.equal(html`${'&'}${null}${false}${0}`.text, '&amp;0');
    assert.ok(!html`${hostile}`.text.includes('<'));
  });

  it('put round numbers on an axis, inside of it and evenly', () => {
    const range = fc.tuple(
      fc.double({ min: -1e6, max: 1e6, noNaN: true }),
      fc.double({ min: 0.01, max: 1e6, noNaN: true }),
    );
    fc.assert(
      fc.property(range, ([low, span]) => {
        const ticks = roundTicks(low, low + span, 8);
        assert.ok(ticks.length >= 2 && ticks.length <= 18, `${ticks.length} ticks`);
        const step = ticks[1] - ticks[0];
        for (let i = 1; i < ticks.length; i++) assert.ok(Math.abs(ticks[i] - ticks[i - 1] - step) < step * 1e-3);
      }),
    );
    assert.deepEqual(roundTicks(0, 10, 5), [0, 2, 4, 6, 8, 10]);
  });

  it('give a stretched picture its own aspect back as a thumbnail of at most 160 pixels', async () => {
    const pixels = Buffer.alloc(64 * 64, 90);
    const small = await thumbnail(pixels, { width: 64, height: 64 }, 1, { width: 600, height: 300 });
    const { format, width, height } = await sharp(small).metadata();
    assert.deepEqual({ format, width, height }, { format: 'jpeg', width: 160, height: 80 });
    const colour = await thumbnail(Buffer.alloc(64 * 64 * 3, 90), { width: 64, height: 64 }, 3);
    assert.equal((await sharp(colour).metadata()).channels, 3);
  });
});
