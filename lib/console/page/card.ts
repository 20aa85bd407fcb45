import type { Verdict } from '../../core/inspection.ts';
import type { LastVerdict, StationCard } from '../overview-data.ts';
import { h, s } from './elements.ts';
import { age, count, percent, verdictLetters, verdictWords } from './words.ts';

const marks: Record<Verdict, string> = {
  pass: 'M5 12.5l4.6 4.6L19 7.4',
  warn: 'M12 4.5v9.5M12 18.6v.4',
  fail: 'M6 6l12 12M18 6L6 18',
  invalid: 'M8.6 8.6a3.5 3.5 0 1 1 5 3.9c-1 .6-1.6 1.2-1.6 2.5M12 18.8v.2',
};

const severityEnd = 2;

/** 0 is a typical good part, 1 exactly the limit; whatever lies beyond 2 fills the bar. */
function gauge(severity: number): HTMLElement {
  const width = 100 * Math.min(1, Math.max(0, severity / severityEnd));
  return h(
    'div',
    { className: 'gauge', title: `Severity ${severity.toFixed(3)}: 0 is a typical good part, 1 exactly the limit` },
    s(
      'svg',
      { role: 'img', 'aria-label': `Severity ${severity.toFixed(2)}, the limit is 1` },
      s('rect', { class: 'track', x: 0, y: 0, width: '100%', height: 6, rx: 3 }),
      s('rect', { class: 'level', x: 0, y: 0, width: `${Math.max(1.2, width)}%`, height: 6, rx: 3 }),
      s('line', { class: 'limit', x1: '50%', x2: '50%', y1: -3, y2: 9 }),
      s('text', { x: 0, y: 20 }, `severity ${severity.toFixed(2)}`),
      s('text', { x: '50%', y: 20, 'text-anchor': 'middle' }, 'limit'),
    ),
  );
}

function verdictBlock(last: LastVerdict | null): HTMLElement {
  if (!last) {
    return h('section', { className: 'verdict' }, h('p', { className: 'reason' }, 'Nothing inspected since the start'));
  }
  const { verdict, severity, reason, partId, sequence, cycleMs, inferenceMs, accept } = last;
  const times = [
    cycleMs === null ? '' : `${Math.round(cycleMs)} ms`,
    inferenceMs === null ? '' : `model ${Math.round(inferenceMs)} ms`,
  ];
  const facts = [partId ? `Part ${partId}` : '', `number ${sequence}`, ...times].filter(Boolean);
  const word = verdict === 'warn' ? `Warn, ${accept ? 'accepted' : 'rejected'}` : verdictWords[verdict];
  return h(
    'section',
    { className: 'verdict', data: { verdict } },
    h(
      'p',
      { className: 'word' },
      s('svg', { viewBox: '0 0 24 24', 'aria-hidden': 'true' }, s('path', { d: marks[verdict] })),
      word,
    ),
    h('p', { className: 'age' }, age(last.ageMs)),
    h('p', { className: 'reason' }, reason),
    h('p', { className: 'part', title: facts.join(' · ') }, facts.join(' · ')),
    severity === null ? null : gauge(severity),
  );
}

function recentRow(recent: StationCard['recent']): HTMLElement | null {
  if (recent.length === 0) return null;
  const squares = recent.toReversed().map(({ verdict, severity }) => {
    const title = `${verdictWords[verdict]}${severity === null ? '' : `, severity ${severity.toFixed(2)}`}`;
    return h('i', { title, data: { verdict } }, verdictLetters[verdict]);
  });
  return h('div', { className: 'recent' }, h('span', {}, `Last ${recent.length}, newest right`), ...squares);
}

function countsRow({ counters, rates }: StationCard): HTMLElement {
  const cell = (label: string, value: number, verdict?: Verdict) => {
    const share = verdict && rates?.shares ? `${percent(rates.shares[verdict])} lately` : '';
    return h('div', { title: share }, h('b', {}, count(value)), h('span', {}, label));
  };
  const { pass, warn, fail, invalid, missed } = counters;
  return h(
    'div',
    { className: 'counts' },
    cell('pass', pass, 'pass'),
    cell('warn', warn, 'warn'),
    cell('fail', fail, 'fail'),
    cell('not insp.', invalid, 'invalid'),
    cell('missed', missed),
  );
}

const validationWords = { validated: 'validated', 'not-validated': 'not validated', override: 'overridden by hand' };

function facts(card: StationCard): HTMLElement {
  const list = h('dl', { className: 'facts' });
  const fact = (name: string, text: string, detail = '', tone = '') => {
    const small = detail ? h('small', {}, ` ${detail}`) : null;
    list.append(h('dt', {}, name), h('dd', { data: tone ? { tone } : {} }, text, small));
  };
  const { rates, recipe, shadow, model, validation, evidence, endpoints } = card;
  if (rates) {
    const minutes = Math.max(1, Math.round(rates.spanMs / 60_000));
    const failing = rates.shares ? `${percent(rates.shares.fail)} fail` : 'no part';
    fact(
      'Pace',
      `${rates.perMinute.toFixed(rates.perMinute < 10 ? 1 : 0)} per minute,`,
      `${failing} in ${minutes} min`,
    );
  }
  fact('Recipe', recipe ?? 'none active', '', recipe ? '' : 'warn');
  if (shadow) {
    const detail = [shadow.text, shadow.trouble].filter(Boolean).join('; ');
    fact('In shadow', shadow.version, detail, shadow.trouble ? 'warn' : '');
  }
  if (model) fact('Model', `${model.name}`, `${model.version}, ${model.engine} on ${model.provider}`);
  else fact('Model', 'has not scored the newest part', '', 'warn');
  if (validation) {
    fact(
      'Thresholds',
      validationWords[validation.state],
      validation.detail,
      validation.state === 'validated' ? '' : 'warn',
    );
  }
  if (evidence) {
    const waiting = evidence.waiting > 0 ? `${evidence.waiting} waiting` : '';
    const lost = evidence.lost > 0 ? `${evidence.lost} lost` : '';
    const tone = evidence.ok ? (evidence.lost > 0 ? 'warn' : '') : 'fail';
    fact(
      'Evidence',
      evidence.text || (evidence.ok ? 'kept' : 'not kept'),
      [waiting, lost].filter(Boolean).join(', '),
      tone,
    );
  }
  for (const { name, protocol, address, ok, text, clients } of endpoints) {
    const who = ok ? `${clients} ${clients === 1 ? 'client' : 'clients'}` : text;
    fact(protocol, ok ? address : name || address, who, ok ? '' : 'fail');
  }
  return list;
}

/** One station as a card, built anew from its data. */
export function stationCard(card: StationCard): HTMLElement {
  const { line, station, mode, condition, headline, notes, alarm } = card;
  return h(
    'article',
    { className: 'card', data: { condition, id: card.id } },
    h(
      'header',
      {},
      h('h2', { title: station }, station),
      h('span', { className: 'line', title: line }, line),
      h('span', { className: 'mode', data: { mode } }, mode),
    ),
    h('p', { className: 'headline' }, h('span', { className: 'dot' }), headline),
    alarm ? h('p', { className: 'alarm' }, `Alarm, latched: ${alarm.text}`) : null,
    verdictBlock(card.last),
    notes.length > 0
      ? h('ul', { className: 'notes' }, ...notes.map(({ level, text }) => h('li', { data: { level } }, text)))
      : null,
    recentRow(card.recent),
    countsRow(card),
    facts(card),
  );
}
