import type { Form } from '../../lib/node-red/editor/form.ts';

/** Which fields a login has; credentials are no fields of the configuration and know no `when`. */
const logins: Record<string, readonly string[]> = {
  basic: ['user', 'password'],
  digest: ['user', 'password'],
  bearer: ['token'],
};

/** Shows the secrets that the chosen login has, and where pictures can be sent to. */
export function showLogin(form: Form): void {
  const show = () => {
    const { source, auth } = form.values();
    const shown = source === 'http' ? (logins[String(auth)] ?? []) : [];
    for (const field of ['user', 'password', 'token']) {
      form.row(field).toggleClass('goodpart-hidden', !shown.includes(field));
    }
    const url = new URL(`goodpart/camera/${form.node.id}/upload`, document.baseURI).href;
    $('#goodpart-upload')
      .text(form.t('upload', { url }))
      .toggle(source === 'push');
  };
  form.onChange(show);
  show();
}
