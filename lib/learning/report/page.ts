import { picturesSection } from './gallery.ts';
import { escaped, type Html, html, plural } from './html.ts';
import type { LearningReport } from './learning-report.ts';
import { limitsSection } from './limits.ts';
import { coverageSection, originSection, repeatabilitySection } from './origin.ts';
import { sightSection } from './sight.ts';
import { style } from './style.ts';

export interface RenderOptions {
  /** With check boxes to leave pictures out and a button to learn again; needs `script`. */
  interactive: boolean;
  /** Marks style and script for the Content-Security-Policy of the answer; a file brings its own policy. */
  nonce?: string;
  /** Served pages only: what makes the boxes work. */
  script?: string;
}

/** A file may load nothing and run nothing. */
const filePolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/**
 * The report as one self-contained page: no request leaves it, every label in it is escaped, light and dark. First what the
 * model can and cannot see, then the limits, then the pictures to look at. Throws TypeError for a nonce that is none.
 */
export function renderReport(report: LearningReport, { interactive, nonce, script }: RenderOptions): string {
  const { model, provisional, createdAt, images } = report;
  const day = createdAt.slice(0, 16).replace('T', ' ');
  const body = html`${top(`${day} UTC`)}
<main>
  <div class="headline">
    <h1><bdi>${model.name}</bdi> <span class="version">version ${model.version}</span></h1>
    <p class="soft">${plural(images, 'good picture')}${provisional.length > 0 ? html` <span class="tag warn">provisional</span>` : null}</p>
    ${provisional.length > 0 ? html`<ul class="provisional">${provisional.map((sentence) => html`<li>${sentence}</li>`)}</ul>` : null}
  </div>
  ${sightSection(report)}
  ${limitsSection(report)}
  ${picturesSection(report, interactive)}
  ${coverageSection(report)}
  ${repeatabilitySection(report)}
  ${originSection(report)}
</main>
${interactive ? actionBar() : null}`;
  return frame(`${model.name} ${model.version}`, body, { nonce, script: interactive ? script : undefined });
}

/** The page of a node that has not learned yet. Throws TypeError for a nonce that is none. */
export function emptyReport(nonce?: string): string {
  const body = html`${top()}<main><section><h2>Nothing learned yet</h2><p class="lead">Send the node a message with topic “learn”; its report appears here.</p></section></main>`;
  return frame('Nothing learned yet', body, { nonce });
}

const top = (when?: string) => html`<header class="top">
  <svg class="mark" viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="9.25"/><path d="M7.8 12.4l3 3 5.6-6.2"/></svg>
  <p>Goodpart <span class="soft">learning report</span></p>${when ? html`<p class="when">${when}</p>` : null}
</header>`;

function frame(title: string, body: Html, { nonce, script }: Pick<RenderOptions, 'nonce' | 'script'>): string {
  if (nonce !== undefined && !/^[A-Za-z0-9_-]+$/.test(nonce))
    throw new TypeError('A nonce is letters, digits, - and _');
  const mark = nonce === undefined ? '' : ` nonce="${nonce}"`;
  const policy =
    nonce === undefined ? `<meta http-equiv="Content-Security-Policy" content="${escaped(filePolicy)}">\n` : '';
  const code = script === undefined ? '' : `<script${mark}>${script.replaceAll('</', '<\\/')}</script>\n`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
${policy}<title>${escaped(title)} · Goodpart</title>
<link rel="icon" href="data:,">
<style${mark}>${style}</style>
</head>
<body>
${body.text}
${code}</body>
</html>
`;
}

function actionBar(): Html {
  return html`<form class="action" id="action" hidden>
  <p id="chosen" role="status"></p>
  <button type="button" id="clear" class="quiet">choose none</button>
  <button type="submit" id="again">Learn again without these</button>
  <p id="answer" role="alert" hidden></p>
</form>`;
}
