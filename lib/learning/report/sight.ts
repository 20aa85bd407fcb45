import type { Detection } from '../limits/defects.ts';
import type { RegionSensitivity, SensitivityCurve } from '../sensitivity/sensitivity.ts';
import { kindWords, pixels, sightChart } from './charts.ts';
import { type Html, html, name, percent, plural } from './html.ts';
import type { LearningReport } from './learning-report.ts';

/** What comes first: what this model can see, and what it cannot. */
export function sightSection(report: LearningReport): Html {
  const { sensitivity, defects } = report;
  const regions = sensitivity?.regions ?? [];
  const seen = regions.flatMap(seenLines);
  const unseen = regions.flatMap(unseenLines);
  if (defects) {
    const { fail, warn } = defects;
    seen.unshift(
      html`<b>${fail.found} of ${fail.shown}</b> real defects shown: ${interval(fail)} rejected${warn.found > fail.found ? html`, ${warn.found} at least warned of` : null}`,
    );
    const missed = warn.shown - warn.found;
    if (missed > 0) unseen.unshift(html`<b>${missed} of ${warn.shown}</b> real defects shown pass unnoticed`);
  } else unseen.unshift(html`<b>The miss rate is unknown</b> until real defects are shown to it`);
  if (!sensitivity) unseen.push(html`What drawn defects it would find was not measured`);
  return html`<section class="sight" aria-labelledby="sight">
    <h2 id="sight">What it can and cannot see</h2>
    <div class="two">
      <div class="sees"><h3>It finds</h3><ul>${seen.length > 0 ? seen.map(item) : item(sensitivity || defects ? html`nothing that was tried` : html`not known: nothing was tried`)}</ul></div>
      <div class="blind"><h3>It does not find</h3><ul>${unseen.length > 0 ? unseen.map(item) : item(html`nothing below the sizes tried`)}</ul></div>
    </div>
    ${regions.filter(({ curves }) => curves.length > 0).map(chartOf)}
    ${sensitivity ? html`<p class="note">${sensitivity.statement}</p>` : null}
    ${defects ? kindsTable(report) : null}
  </section>`;
}

const item = (line: Html) => html`<li>${line}</li>`;
/** Curves of one region and contrast that came to the same end, for one line. */
interface Alike {
  curves: SensitivityCurve[];
  contrast: number;
  fail: number | null;
  warn: number | null;
}

function alike(curves: readonly SensitivityCurve[]): Alike[] {
  const groups = new Map<string, Alike>();
  for (const curve of curves.filter(({ trials }) => trials > 0)) {
    const { contrast } = curve;
    const fail = curve.smallest.fail?.pixels ?? null;
    const warn = fail === null ? (curve.smallest.warn?.pixels ?? null) : null;
    const key = `${contrast} ${fail} ${warn}`;
    const group = groups.get(key) ?? { curves: [], contrast, fail, warn };
    group.curves.push(curve);
    groups.set(key, group);
  }
  return [...groups.values()].sort((a, b) => b.contrast - a.contrast || (a.fail ?? 1e9) - (b.fail ?? 1e9));
}

const listed = new Intl.ListFormat('en', { type: 'conjunction' });

function described({ curves, contrast }: Alike, { index, name: region }: RegionSensitivity): Html {
  const kinds = curves.map(({ kind }) => (kind === 'mixed' ? 'drawn defects' : kindWords[kind]));
  return html`${listed.format(kinds)} of contrast ${contrast}${index === null ? '' : ` in ${region}`}`;
}

function seenLines(region: RegionSensitivity): Html[] {
  return alike(region.curves).flatMap((group) => {
    const what = described(group, region);
    if (group.fail !== null) return [html`${what} from <b>${pixels(group.fail)} px</b> on`];
    if (group.warn !== null) return [html`${what} from <b>${pixels(group.warn)} px</b> on, as a warning only`];
    return [];
  });
}

function unseenLines(region: RegionSensitivity): Html[] {
  if (region.curves.length === 0) return [html`${region.statement}`];
  return alike(region.curves).map((group) => {
    const what = described(group, region);
    if (group.fail !== null) return html`${what} reliably <b>below ${pixels(group.fail)} px</b>`;
    const largest = Math.max(...group.curves.map(({ points }) => points.at(-1)?.pixels ?? 0));
    const beyond = group.warn === null ? null : ', beyond a warning';
    return html`${what} reliably <b>at any size tried</b>, up to ${pixels(largest)} px${beyond}`;
  });
}

function chartOf(region: RegionSensitivity): Html {
  const title = region.index === null ? 'Whole picture' : region.name;
  return html`<figure><figcaption>${title}</figcaption><div class="scroll">${sightChart(region)}</div></figure>`;
}

const interval = ({ rate, interval: { low, high } }: Pick<Detection, 'rate' | 'interval'>) =>
  `${percent(rate)} (95 % certain: ${percent(low)} to ${percent(high)})`;

const shownMissed = 8;

function kindsTable({ defects }: LearningReport): Html | null {
  if (!defects) return null;
  const row = (kind: string, warn: Detection, fail: Detection) =>
    html`<tr><th scope="row">${kind}</th><td>${fail.shown}</td><td>${fail.found}</td><td>${bar(fail)}</td><td>${warn.found}</td></tr>`;
  const { kinds, missed, warn, fail } = defects;
  const more = missed.length - shownMissed;
  return html`<h3>Real defects shown</h3>
  <div class="scroll"><table>
    <thead><tr><th scope="col">kind</th><th scope="col">shown</th><th scope="col">rejected</th><th scope="col">share, with the range it lies in (95 %)</th><th scope="col">warned or rejected</th></tr></thead>
    <tbody>${kinds.map((each) => row(each.kind, each.warn, each.fail))}${kinds.length > 1 ? row('all', warn, fail) : null}</tbody>
  </table></div>
  ${missed.length > 0 ? html`<p class="note">Nearest to being found among the missed: ${missed.slice(0, shownMissed).map((each, i) => html`${i > 0 ? ', ' : ''}${name(each.label)} (${each.score.toFixed(2)})`)}${more > 0 ? ` and ${plural(more, 'more', 'more')}` : ''}.</p>` : null}
  ${defects.suggestion ? html`<p class="note">${defects.statement}</p>` : null}`;
}

/** The share as a dot on its confidence interval. */
function bar({ rate, interval: { low, high } }: Detection): Html {
  const x = (share: number) => (4 + share * 192).toFixed(1);
  return html`<svg class="range" viewBox="0 0 200 18" role="img" aria-label="${percent(rate)}, between ${percent(low)} and ${percent(high)}"><line class="grid" x1="4" x2="196" y1="9" y2="9"/><line class="reach" x1="${x(low)}" x2="${x(high)}" y1="9" y2="9"/><circle class="point" cx="${x(rate)}" cy="9" r="4.5"/></svg> ${percent(rate)}`;
}
