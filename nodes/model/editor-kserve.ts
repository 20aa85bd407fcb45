import type { Form } from '../../lib/node-red/editor/form.ts';

/** Credentials are no fields of the configuration and know no `when`. */
export function showToken(form: Form): void {
  const show = () => form.row('kserveToken').toggleClass('goodpart-hidden', form.values().engine !== 'kserve');
  form.onChange(show);
  show();
}
