import type { Form } from '../../lib/node-red/editor/form.ts';
import { wordsOr } from './editor-live-words.ts';

/**
 * One sentence below the source: what these settings would do once they are deployed. The words are `plan.<source>`, in which
 * every field may stand by its name: a choice as it reads in its list, a flag as `plan.<field>.true` or `.false`.
 */
export function planText(form: Form): string {
  const { t } = form;
  const stored = form.values();
  const words = Object.fromEntries(
    Object.entries(stored).map(([field, value]) => {
      const text = String(value);
      const key = typeof value === 'boolean' ? `plan.${field}.${text}` : `choice.${field}.${text}`;
      return [field, wordsOr(t, key, text)];
    }),
  );
  const sentence = (key: string) => {
    const known = wordsOr(t, key, '');
    return known === '' ? '' : t(key, words);
  };
  const source = sentence(`plan.${String(stored.source)}`);
  return source === '' ? '' : [source, sentence(`plan.run.${String(stored.run)}`)].filter(Boolean).join(' ');
}

export function showPlan(form: Form): void {
  const plan = $('<div class="goodpart-note goodpart-plan" role="status">');
  form.row('source').closest('section').append(plan);
  form.onChange(() => {
    const text = planText(form);
    if (plan.text() !== text) plan.text(text);
    plan.toggle(
      text !== '' && form.row('source').closest('.goodpart-form').find('.goodpart-problem:visible').length === 0,
    );
  });
}
