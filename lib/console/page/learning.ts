import type { ExcludeReply, ExcludeRequest } from '../../learning/report/learning-report.ts';
import { token } from './token.ts';

const byId = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const form = byId<HTMLFormElement>('action');
const [chosen, answer] = ['chosen', 'answer'].map((id) => byId(id));
const [again, clear] = ['again', 'clear'].map((id) => byId<HTMLButtonElement>(id));
const boxes = [...document.querySelectorAll<HTMLInputElement>('input[name="leave"]')];
let asked = false;

const digests = () => [...new Set(boxes.filter(({ checked }) => checked).map(({ value }) => value))];

function show(): void {
  const count = digests().length;
  form.hidden = count === 0 && !asked;
  chosen.textContent = count === 1 ? '1 picture chosen' : `${count} pictures chosen`;
  again.textContent = count === 1 ? 'Learn again without it' : 'Learn again without these';
  again.disabled = asked || count === 0;
  clear.disabled = asked;
}

function say(text: string, tone: 'pass' | 'fail'): void {
  answer.textContent = text;
  answer.dataset.tone = tone;
  answer.hidden = false;
}

async function send(): Promise<void> {
  const bearer = token();
  const request: ExcludeRequest = { digests: digests() };
  const response = await fetch('exclude', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...(bearer ? { Authorization: `Bearer ${bearer}` } : {}) },
    body: JSON.stringify(request),
    signal: AbortSignal.timeout(15_000),
  });
  const reply = (await response.json().catch(() => ({}))) as ExcludeReply;
  if (response.status === 401 || response.status === 403) {
    throw new Error('You may look at this report, but not change what is learned. Sign in to Node-RED’s editor.');
  }
  if (!response.ok) throw new Error(reply.message ?? `Node-RED answers with error ${response.status}.`);
  const count = request.digests.length;
  const what = count === 1 ? 'one picture' : `${count} pictures`;
  say(reply.message ?? `Learning again without ${what}. Open the report again when the node is done.`, 'pass');
}

// one picture may stand in several places, for several reasons
for (const box of boxes) {
  box.addEventListener('change', () => {
    for (const other of boxes) if (other.value === box.value) other.checked = box.checked;
    show();
  });
}
clear.addEventListener('click', () => {
  for (const box of boxes) box.checked = false;
  show();
});
form.addEventListener('submit', (event) => {
  event.preventDefault();
  if (asked) return;
  asked = true;
  answer.hidden = true;
  show();
  send().catch((error: Error) => {
    asked = false;
    const lost = error instanceof TypeError || error.name === 'TimeoutError';
    say(lost ? 'No contact with Node-RED.' : error.message, 'fail');
    show();
  });
});
show();
