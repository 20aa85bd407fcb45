import type { OverviewData, StationCard } from '../overview-data.ts';
import { stationCard } from './card.ts';
import { h } from './elements.ts';
import { token } from './token.ts';
import { age } from './words.ts';

const everyMs = 1_000;
const staleAfterMs = 3_500;

const byId = (id: string) => document.getElementById(id) as HTMLElement;
const [stations, summary, clock, contact] = ['stations', 'summary', 'clock', 'contact'].map(byId);
const shown = new Map<string, { element: HTMLElement; text: string }>();
let heardAt = performance.now();
let trouble = '';

function summaryOf(cards: StationCard[]): string {
  if (cards.length === 0) return '';
  const troubled = cards.filter(
    ({ condition, alarm }) => alarm || condition === 'fault' || condition === 'not-ready',
  ).length;
  if (cards.length === 1) return troubled > 0 ? 'The station needs attention' : 'Nothing to do';
  if (troubled === 0) return `${cards.length} stations, nothing to do`;
  return `${cards.length} stations, ${troubled} ${troubled === 1 ? 'needs' : 'need'} attention`;
}

function show(data: OverviewData): void {
  for (const card of data.stations) {
    const { last, ...rest } = card;
    const text = JSON.stringify([rest, last && { ...last, ageMs: 0 }]);
    const old = shown.get(card.id);
    if (old?.text === text) {
      const label = old.element.querySelector('.age');
      if (label && last) label.textContent = age(last.ageMs);
      continue;
    }
    const element = stationCard(card);
    if (old) old.element.replaceWith(element);
    shown.set(card.id, { element, text });
  }
  for (const [id, { element }] of shown) {
    if (data.stations.some((card) => card.id === id)) continue;
    element.remove();
    shown.delete(id);
  }
  const order = data.stations.map(({ id }) => shown.get(id)!.element);
  const empty = h('p', { className: 'empty' }, 'No station is deployed. Put a station node into a flow and deploy it.');
  if (order.length === 0) stations.replaceChildren(empty);
  else if (order.some((element, i) => stations.children[i] !== element) || stations.children.length !== order.length) {
    stations.replaceChildren(...order);
  }
  const text = summaryOf(data.stations);
  if (summary.textContent !== text) summary.textContent = text;
  document.title = text.includes('attention') ? `(!) ${text} · Goodpart` : 'Goodpart';
  clock.textContent = new Date(data.at).toLocaleTimeString(undefined, { hourCycle: 'h23', timeZoneName: 'short' });
  clock.title = data.version ? `Goodpart ${data.version}` : '';
}

async function look(): Promise<void> {
  const bearer = token();
  const response = await fetch('overview.json', {
    headers: bearer ? { Authorization: `Bearer ${bearer}` } : {},
    cache: 'no-store',
    signal: AbortSignal.timeout(3_000),
  });
  if (response.status === 401 || response.status === 403) {
    throw new Error("You are not signed in, or may not see this. Sign in to Node-RED's editor in this browser.");
  }
  if (!response.ok) throw new Error(`Node-RED answers with error ${response.status}.`);
  show((await response.json()) as OverviewData);
  heardAt = performance.now();
  trouble = '';
}

/** What is shown must never look newer than it is. */
function showContact(): void {
  const silentMs = performance.now() - heardAt;
  const stale = trouble !== '' && (silentMs > staleAfterMs || shown.size === 0);
  stations.classList.toggle('stale', stale);
  contact.hidden = !stale;
  if (stale) contact.textContent = `${trouble} ${shown.size > 0 ? `What you see is from ${age(silentMs)}.` : ''}`;
}

async function cycle(): Promise<void> {
  try {
    await look();
  } catch (error) {
    const lost = error instanceof TypeError || (error instanceof DOMException && error.name === 'TimeoutError');
    trouble = lost ? 'No contact with Node-RED.' : String((error as Error).message);
  }
  showContact();
  setTimeout(cycle, everyMs);
}

setInterval(showContact, everyMs);
void cycle();
