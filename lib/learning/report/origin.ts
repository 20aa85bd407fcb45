import { trim } from './charts.ts';
import { type Html, html, percent, plural } from './html.ts';
import type { LearningReport } from './learning-report.ts';

/** Which shifts, lots and nests were seen; nothing where none is known or declared. */
export function coverageSection({ coverage }: LearningReport): Html | null {
  if (!coverage || (coverage.counts.length === 0 && coverage.provisional.length === 0)) return null;
  const most = Math.max(1, ...coverage.counts.map(({ frames }) => frames));
  const lacking = coverage.missing.map(({ attribute, value }) => `${attribute} ${value}`);
  return html`<section aria-labelledby="coverage">
    <h2 id="coverage">What it has seen</h2>
    <table class="bars"><thead><tr><th scope="col">from</th><th scope="col">frames</th><th scope="col"><span class="unseen">share</span></th></tr></thead><tbody>${coverage.counts.map(
      (seen) => {
        const lacks = lacking.includes(`${seen.attribute} ${seen.value}`);
        return html`<tr><th scope="row"><span class="soft">${seen.attribute}</span> ${seen.value}</th><td>${seen.frames}${lacks ? html` <span class="tag warn">too few</span>` : null}</td><td><svg class="meter" viewBox="0 0 200 10" aria-hidden="true"><rect class="track" x="0" y="1" width="200" height="8" rx="4"/><rect class="${lacks ? 'zone-warn' : 'zone-pass'}" x="0" y="1" width="${((200 * seen.frames) / most).toFixed(1)}" height="8" rx="4"/></svg></td></tr>`;
      },
    )}</tbody></table>
    ${coverage.unknown.map(({ attribute, frames }) => html`<p class="note">Of ${plural(frames, 'frame')} the ${attribute} is not known.</p>`)}
  </section>`;
}

const shownParts = 30;

/** Parts presented again and again, as a gauge study says it. */
export function repeatabilitySection({ repeatability }: LearningReport): Html | null {
  if (!repeatability) return null;
  const { parts, assessment, statement, marginUsed, studyVariation, distinctCategories, changed } = repeatability;
  const tone = { good: 'pass', marginal: 'warn', poor: 'fail' }[assessment];
  const fact = (label: string, value: string) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`;
  return html`<section aria-labelledby="repeatability">
    <h2 id="repeatability">Repeatability <span class="tag ${tone}">${assessment}</span></h2>
    <p class="lead">${statement}</p>
    <dl class="facts">
      ${fact('of the margin to fail used', marginUsed === null ? 'no margin' : percent(marginUsed))}
      ${fact('repeatability', trim(repeatability.repeatability))}
      ${fact('at most, 95 % certain', trim(repeatability.repeatabilityBound))}
      ${fact('study variation', percent(studyVariation))}
      ${fact('distinct categories', String(distinctCategories))}
      ${fact('parts with changing verdict', String(changed))}
    </dl>
    <details><summary>${plural(parts.length, 'part')}</summary><div class="scroll"><table><thead><tr><th scope="col">part</th><th scope="col">times</th><th scope="col">mean score</th><th scope="col">deviation</th><th scope="col">deviations to fail</th></tr></thead><tbody>${parts.slice(0, shownParts).map((part) => html`<tr><th scope="row"><bdi>${part.part}</bdi></th><td>${part.presentations}</td><td>${part.mean.toFixed(2)}</td><td>${trim(part.deviation)}</td><td>${Number.isFinite(part.sigmasToFail) ? part.sigmasToFail.toFixed(1) : 'no spread'}${part.verdictChanged ? html` <span class="tag fail">verdict changed</span>` : null}</td></tr>`)}</tbody></table></div>${parts.length > shownParts ? html`<p class="note">The first ${shownParts} of ${parts.length}.</p>` : null}</details>
  </section>`;
}

/** How it came to be, for whoever asks in March. */
export function originSection(report: LearningReport): Html {
  const { features, head, headReason, model, size, window, seed, parent, images, excluded, skipped, createdAt } =
    report;
  const fact = (label: string, value: string) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`;
  const heads = { gaussian: 'Gaussian for each position', nearest: 'nearest learned cell' };
  return html`<section aria-labelledby="origin">
    <h2 id="origin">How it was learned</h2>
    <dl class="facts wide">
      ${fact('Model', `${model.name}, version ${model.version}`)}
      ${fact('Continues', parent ? `version ${parent.version} (sha256 ${parent.sha256.slice(0, 12)}…)` : 'nothing: learned from the start')}
      ${fact('Good pictures', `${images}, ${excluded.length} left out by a person, ${skipped.length} not usable`)}
      ${fact('Input', `${size.width} × ${size.height} pixels`)}
      ${window ? fact('Grey levels', `0 is ${window.low} counts of 16 bits, 255 is ${window.high}; nothing is cut off`) : null}
      ${fact('Features', features)}
      ${fact('Head', headReason ? `${heads[head]}. ${headReason}` : heads[head])}
      ${fact('Seed', String(seed))}
      ${fact('Written', createdAt)}
      ${fact('sha256', model.sha256)}
    </dl>
  </section>`;
}
