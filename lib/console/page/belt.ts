import type { BeltAnswer, BeltView } from '../belt-data.ts';
import { drawBelt, hatch } from './belt-drawing.ts';
import { beltWords } from './belt-words.ts';
import { h, s } from './elements.ts';
import { token } from './token.ts';

const everyMs = 300;
const staleAfterMs = 3_500;

const byId = (id: string) => document.getElementById(id) as HTMLElement;
const { words, language } = beltWords(navigator.language);
let heardAt = performance.now();
let trouble = '';
let view: BeltView | null = null;
const toggles = new Map<string, HTMLButtonElement>();
let runButton: HTMLButtonElement | undefined;

function set(id: string, text: string): void {
  const element = byId(id);
  if (element.textContent !== text) element.textContent = text;
}

function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const bearer = token();
  const headers = new Headers(init.headers);
  if (bearer) headers.set('Authorization', `Bearer ${bearer}`);
  return fetch(path, { ...init, headers, cache: 'no-store', signal: AbortSignal.timeout(3_000) });
}

/** Whoever may look may not always command: then the button says so. */
async function command(body: object): Promise<void> {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const response = await ask('command', init);
  if (response.ok) await look();
  else set('summary', response.status === 401 || response.status === 403 ? words.mayNot : `${response.status}`);
}

function button(text: string, press: () => object): HTMLButtonElement {
  const element = h('button', {}, text);
  element.type = 'button';
  element.addEventListener('click', () => {
    command(press()).catch(() => set('summary', words.noContact));
  });
  return element;
}

function buildOnce(faults: BeltAnswer['faults']): void {
  if (runButton !== undefined) return;
  runButton = button(words.stop, () => ({ action: 'run', on: view?.running !== true }));
  byId('controls').append(
    runButton,
    button(words.reset, () => ({ action: 'reset' })),
  );
  for (const { name, once } of faults) {
    const label = words.fault[name] ?? name;
    const element = button(label, () => ({ action: 'fault', name, on: once || !view?.faults.includes(name) }));
    if (!once) {
      element.setAttribute('aria-pressed', 'false');
      toggles.set(name, element);
    }
    byId('faults').append(element);
  }
}

type Row = [name: string, value: string, look?: 'good' | 'bad'];

function rows(id: string, entries: Row[]): void {
  const list = byId(id);
  if (list.children.length !== entries.length * 2) {
    list.replaceChildren(...entries.flatMap(([name]) => [h('dt', {}, name), h('dd', {})]));
  }
  for (const [n, [, value, look = '']] of entries.entries()) {
    const shown = list.children[2 * n + 1];
    if (shown.textContent !== value) shown.textContent = value;
    shown.className = look;
  }
}

function yes(value: boolean): string {
  return value ? words.yes : words.no;
}

function handshake({ station, plc, link }: BeltView): Row[] {
  const { lastResult } = station;
  const result =
    lastResult === null
      ? words.none
      : words.result(lastResult.triggerId, words.verdicts[lastResult.code] ?? '', lastResult.accept);
  const faults = plc.faults.map((fault) => `${fault.code} ${fault[language]}`).join('; ');
  return [
    [
      words.names.link,
      link.connected ? `${link.text}, ${Math.round(link.periodMs)} ms` : link.text,
      link.connected ? undefined : 'bad',
    ],
    ['Ready', yes(station.ready)],
    ['Busy', `${yes(station.busy)}, Open ${station.open}`],
    [words.names.plcTrigger, String(plc.triggerId)],
    ['AcceptedTrigger', String(station.acceptedTrigger)],
    ['RejectedTrigger', String(station.rejectedTrigger)],
    ['Result', result],
    ['ResultAck', String(plc.resultAck)],
    ['Heartbeat', String(station.heartbeat)],
    ['BootId', String(station.bootId)],
    [words.names.allReject, yes(plc.allReject), plc.allReject ? 'bad' : undefined],
    [words.names.plcFaults, faults || words.none, faults ? 'bad' : undefined],
  ];
}

function whereTheyWent({ totals }: BeltView): Row[] {
  const { names } = words;
  const { goodBox, rejectBin, model } = totals;
  return [
    [names.entered, `${totals.entered}, ${totals.onBelt}`],
    [names.goodRight, String(goodBox.right)],
    [names.goodWrong, String(goodBox.wrong), goodBox.wrong > 0 ? 'bad' : 'good'],
    [names.rejected, String(rejectBin.right)],
    [names.rejectedAccepted, String(rejectBin.wrong)],
    [names.byHand, String(totals.byHand)],
    [names.notInspected, String(totals.notTriggered + totals.refused)],
    [names.lost, String(totals.lost), totals.lost > 0 ? 'bad' : 'good'],
    [names.model, words.model(model.missedDefects, model.falseRejects)],
  ];
}

function show({ name, faults, view: told }: BeltAnswer): void {
  view = told;
  set('title', name === '' ? words.title : `${words.title}: ${name}`);
  buildOnce(faults);
  if (view === null) {
    set('summary', words.empty);
    return;
  }
  set('summary', view.stands === null ? words.runs : words.stands[view.stands]);
  byId('drawing').replaceChildren(drawBelt(view, words));
  rows('handshake', handshake(view));
  rows('totals', whereTheyWent(view));
  if (runButton !== undefined) runButton.textContent = view.running ? words.stop : words.start;
  for (const [fault, element] of toggles) element.setAttribute('aria-pressed', String(view.faults.includes(fault)));
}

function legend(): void {
  const looks = ['pending', 'accepted', 'rejected', 'doubtful'] as const;
  const items = looks.map((look) => {
    const sample = s('svg', { viewBox: '0 0 18 14', 'aria-hidden': 'true' });
    if (look === 'pending') sample.append(hatch());
    sample.append(s('rect', { class: `slot ${look}`, x: 1, y: 1, width: 16, height: 12, rx: 3 }));
    return h('li', {}, sample, words.legend[look]);
  });
  const dot = s('svg', { viewBox: '0 0 18 14', 'aria-hidden': 'true' });
  dot.append(s('circle', { class: 'part defect', cx: 9, cy: 7, r: 6 }));
  byId('legend').replaceChildren(...items, h('li', {}, dot, words.legend.defect));
}

async function look(): Promise<void> {
  const response = await ask('state.json');
  if (response.status === 401 || response.status === 403) throw new Error(words.signIn);
  const answer = (await response.json()) as BeltAnswer & { message?: string };
  if (!response.ok) throw new Error(answer.message ?? `${response.status}`);
  show(answer);
  heardAt = performance.now();
  trouble = '';
}

/** What is shown must never look newer than it is. */
function showContact(): void {
  const silentMs = performance.now() - heardAt;
  const stale = trouble !== '' && (silentMs > staleAfterMs || view === null);
  byId('belt').classList.toggle('stale', stale);
  byId('contact').hidden = !stale;
  if (stale) set('contact', `${trouble} ${view === null ? '' : words.from(Math.round(silentMs / 1000))}`);
}

async function cycle(): Promise<void> {
  try {
    await look();
  } catch (error) {
    const lost = error instanceof TypeError || (error instanceof DOMException && error.name === 'TimeoutError');
    trouble = lost ? words.noContact : String((error as Error).message);
  }
  showContact();
  setTimeout(cycle, everyMs);
}

document.documentElement.lang = language;
document.title = words.title;
for (const [id, text] of [
  ['title', words.title],
  ['simulated', words.simulated],
  ['handshake-title', words.handshake],
  ['totals-title', words.totals],
  ['controls-title', words.controls],
  ['faults-title', words.faults],
] as const) {
  set(id, text);
}
legend();
void cycle();
