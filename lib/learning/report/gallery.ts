import type { Finding, FindingKind } from '../pictures/checks.ts';
import type { Clusters } from '../pictures/clusters.ts';
import { highestOf } from './compose.ts';
import { type Html, html, name, plural } from './html.ts';
import type { LearningReport, ReportPicture } from './learning-report.ts';

const groups: { kind: FindingKind; title: string; meaning: string }[] = [
  {
    kind: 'outlying',
    title: 'Unlike the others',
    meaning:
      'A model that had not seen them finds them strange. One bad part among the good ones lifts the limits for all.',
  },
  { kind: 'blurred', title: 'Blurred', meaning: 'Less sharp than pictures that look like them.' },
  { kind: 'dark', title: 'Dark', meaning: 'Darker than pictures that look like them.' },
  { kind: 'bright', title: 'Over-exposed', meaning: 'Brighter than pictures that look like them, or burnt out.' },
  { kind: 'flat', title: 'Empty', meaning: 'Nothing is to be seen in them.' },
  {
    kind: 'duplicate',
    title: 'The same part again',
    meaning: 'Each beside the picture that it repeats. Repeated parts make the limits look surer than they are.',
  },
];

/** So many cards of a kind are open; a report of thousands must still be readable. */
const shownOfKind = 24;

/** Pictures to look at: kinds of part that were mixed, what the checks found, and the highest scores. */
export function picturesSection(report: LearningReport, interactive: boolean): Html {
  const { findings, clusters, goodScores, pictures } = report;
  const marked = new Set(findings.map(({ picture }) => picture));
  const rest = highestOf(goodScores).filter((picture) => !marked.has(picture) && pictures[picture]);
  const list = groupsOf(findings);
  const count = marked.size;
  const lead =
    count === 0
      ? html`Nothing stands out: no picture is blurred, dark, empty, repeated or unlike the others.`
      : html`<b>${plural(count, 'picture')}</b> of ${report.images} ${count === 1 ? 'stands' : 'stand'} out. Nothing was left out for it: that is for you to decide.`;
  return html`<section aria-labelledby="pictures">
    <h2 id="pictures">Pictures to look at</h2>
    ${clusters ? clusterBlock(clusters, pictures) : null}
    <p class="lead">${lead}</p>
    ${list.map(({ title, meaning, found }) => findingGroup(title, meaning, found, pictures, interactive))}
    ${rest.length > 0 ? highestBlock(rest, pictures, interactive) : null}
    ${leftOut(report)}
  </section>`;
}

function clusterBlock({ count, sizes, examples, by }: Clusters, pictures: LearningReport['pictures']): Html {
  const what = by === 'light' ? 'set-ups of the light' : 'products or set-ups';
  return html`<div class="alert" role="note">
    <h3>This looks like ${count} ${what}: learn them separately</h3>
    <p>One model of all of them allows everything that lies between them. If they do belong together, nothing needs to be done.</p>
    <div class="kinds">${sizes.map((size, cluster) => html`<figure><figcaption>${String.fromCharCode(65 + cluster)} <span class="soft">${plural(size, 'picture')}</span></figcaption><div class="strip">${examples[cluster].map(({ picture, label }) => image(pictures[picture], label))}</div></figure>`)}</div>
  </div>`;
}

function image(picture: ReportPicture | undefined, label: string): Html {
  if (!picture?.thumbnail?.startsWith('data:image/jpeg;base64,'))
    return html`<span class="noimage" title="${label}">no picture kept</span>`;
  return html`<img src="${picture.thumbnail}" alt="${label}" title="${label}" decoding="async">`;
}

/** All that was found about one picture, the gravest first. */
type Case = [Finding, ...Finding[]];

/** Each picture once, where its gravest finding belongs; the plainest case of a kind first. */
function groupsOf(findings: readonly Finding[]) {
  const rank = (kind: FindingKind) => groups.findIndex((group) => group.kind === kind);
  const cases = new Map<number, Case>();
  for (const finding of findings.toSorted((a, b) => rank(a.kind) - rank(b.kind))) {
    const known = cases.get(finding.picture);
    if (known) known.push(finding);
    else cases.set(finding.picture, [finding]);
  }
  const all = [...cases.values()].sort(([a], [b]) => excess(b) - excess(a));
  return groups
    .map((group) => ({ ...group, found: all.filter(([{ kind }]) => kind === group.kind) }))
    .filter(({ found }) => found.length > 0);
}

function findingGroup(
  title: string,
  meaning: string,
  found: Case[],
  pictures: LearningReport['pictures'],
  interactive: boolean,
): Html {
  const cards = found.map((each) => card(each, pictures, interactive));
  const more = cards.slice(shownOfKind);
  return html`<h3>${title} <span class="soft">${found.length}</span></h3><p class="soft">${meaning}</p>
    <div class="cards">${cards.slice(0, shownOfKind)}</div>
    ${more.length > 0 ? html`<details><summary>${more.length} more</summary><div class="cards">${more}</div></details>` : null}`;
}

/** How far beyond its limit. */
const excess = ({ value, limit }: Finding) => Math.abs(Math.log(Math.max(value, 1e-6) / Math.max(limit, 1e-6)));

function card(found: Case, pictures: LearningReport['pictures'], interactive: boolean): Html {
  const [{ picture, label, digest, reason, of }, ...others] = found;
  const pair = of
    ? html`<div class="pair">${image(pictures[of.picture], of.label)}${image(pictures[picture], label)}</div>`
    : image(pictures[picture], label);
  const also = others.map((other) => {
    const title = groups.find(({ kind }) => kind === other.kind)?.title ?? other.kind;
    return html`<p><b>${title}.</b> ${other.reason}</p>`;
  });
  return html`<article class="card">${pair}<div class="about"><h4>${name(label)}</h4><p>${reason}</p>${also}${interactive ? leaveOut(digest, label) : null}</div></article>`;
}

const leaveOut = (digest: string, label: string) =>
  html`<label class="leave"><input type="checkbox" name="leave" value="${digest}" data-label="${label}"> leave out</label>`;

function highestBlock(rest: number[], pictures: LearningReport['pictures'], interactive: boolean): Html {
  return html`<h3>Highest scores of the others</h3><p class="soft">Within what is usual. A look shows what the model finds least good.</p>
    <div class="cards">${rest.map((picture) => {
      const { label, score, digest } = pictures[picture];
      return html`<article class="card">${image(pictures[picture], label)}<div class="about"><h4>${name(label)}</h4><p>Score ${score.toFixed(2)}.</p>${interactive ? leaveOut(digest, label) : null}</div></article>`;
    })}</div>`;
}

const shownPaths = 100;

function leftOut({ excluded, skipped }: LearningReport): Html {
  const list = (title: string, entries: { path: string; reason: string }[]) =>
    entries.length === 0
      ? null
      : html`<details><summary>${title}: ${entries.length}</summary><ul class="paths">${entries.slice(0, shownPaths).map(({ path, reason }) => html`<li>${name(path)} <span class="soft">${reason}</span></li>`)}${entries.length > shownPaths ? html`<li class="soft">and ${entries.length - shownPaths} more</li>` : null}</ul></details>`;
  return html`${list('Left out by a person', excluded)}${list('Could not be used', skipped)}`;
}
