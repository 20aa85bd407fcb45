import { type Limit, proposeThresholds, type Thresholds } from '../limits/thresholds.ts';
import { histogram } from './charts.ts';
import { type Html, html, percent, plural } from './html.ts';
import type { LearningReport } from './learning-report.ts';

/** The limits: what is expected above them, what is certain, what a tighter claim takes; for the whole picture and each region. */
export function limitsSection(report: LearningReport): Html {
  const { goodScores, thresholds, rois, images, units } = report;
  const { median, warn, fail } = thresholds;
  return html`<section aria-labelledby="limits">
    <h2 id="limits">The limits</h2>
    <p class="lead">From ${plural(images, 'good picture')}, each scored by a model that had not seen it. ${goalText(thresholds)}</p>
    <figure><div class="scroll">${histogram(goodScores, { median, warn: warn.value, fail: fail.value, units })}</div></figure>
    <div class="scroll"><table>
      <thead><tr><th scope="col">limit</th><th scope="col">score</th><th scope="col">good parts above it, expected</th><th scope="col">at most, 95 % certain</th><th scope="col">a tighter claim takes</th></tr></thead>
      <tbody>${rows('', thresholds)}${rois.map((roi) => rows(roi.name, roi.thresholds))}</tbody>
    </table></div>
    ${liftedBlock(report)}
    <p class="note">This holds for parts and pictures like the learned ones. Limits never move by themselves.</p>
  </section>`;
}

/** Fewer scores than this give no limit worth naming. */
const fewestLeft = 20;

/** What pictures that stand out do to the limits: one bad part among the good ones can ruin them. */
function liftedBlock({ goodScores, findings, thresholds }: LearningReport): Html | null {
  const outlying = new Set(findings.filter(({ kind }) => kind === 'outlying').map(({ picture }) => picture));
  const left = goodScores.filter((_, picture) => !outlying.has(picture));
  if (outlying.size === 0 || left.length < fewestLeft) return null;
  const { fail } = proposeThresholds(left, thresholds.rates);
  if (!(fail.value < thresholds.fail.value * 0.98)) return null;
  const [they, are] = outlying.size === 1 ? ['it', 'is not'] : ['they', 'are not'];
  return html`<div class="alert" role="note"><h3>${plural(outlying.size, 'picture')} unlike the others ${outlying.size === 1 ? 'lifts' : 'lift'} the limits</h3>
    <p>Without ${outlying.size === 1 ? 'it' : 'them'} fail would be about <b>${fail.value.toFixed(2)}</b> instead of ${thresholds.fail.value.toFixed(2)}, and more defects would be found. Look below: if ${they} ${are} good, leave ${outlying.size === 1 ? 'it' : 'them'} out and learn again.</p></div>`;
}

function rows(region: string, { warn, fail }: Thresholds): Html {
  const where = region === '' ? null : html` <span class="soft">${region}</span>`;
  return html`${row('Warn', where, warn)}${row('Fail', where, fail)}`;
}

function row(kind: 'Warn' | 'Fail', where: Html | null, limit: Limit): Html {
  const { tighter, extrapolated } = limit;
  const guess = extrapolated
    ? html` <span class="tag warn">guessed from the tail: too few pictures to know</span>`
    : null;
  const more =
    tighter.more > 0
      ? `${plural(tighter.more, 'more good part')} for at most ${percent(tighter.rate)}`
      : 'none: it can be made now';
  return html`<tr><th scope="row"><i class="dot ${kind.toLowerCase()}"></i>${kind}${where}</th><td>${limit.value.toFixed(2)}</td><td>${percent(limit.expected)}${guess}</td><td>${percent(limit.bound)}</td><td>${more}</td></tr>`;
}

function goalText({ rates }: Thresholds): string {
  const wanted = `Wanted: at most ${percent(rates.warn)} of good parts above warn, ${percent(rates.fail)} above fail.`;
  return rates.reason === null ? wanted : `${wanted} ${rates.reason}`;
}
