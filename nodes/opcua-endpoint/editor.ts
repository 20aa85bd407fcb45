import { addStyle } from '../../lib/node-red/editor/add-style.ts';
import type { Editor } from '../../lib/node-red/editor/dialog.ts';
import style from './editor.css';
import { showBrowser } from './editor-browse.ts';
import { showCertificates } from './editor-certificates.ts';
import { showUsers } from './editor-users.ts';

/** Credentials and what is more than a field know no `when`: shown by role here. */
const ofClient = ['clientUser', 'clientPassword'];

export const editor: Editor = {
  summary: ({ role, host, port, url }) => (role === 'client' ? String(url) : `${host}:${port}`),
  prepare(form) {
    addStyle('goodpart-opcua-style', style);
    const whole = form.control('configVersion').closest('.goodpart-form');
    const show = () => {
      const { role, host, port } = form.values();
      for (const field of ofClient) form.row(field).toggleClass('goodpart-hidden', role !== 'client');
      whole
        .find('.goodpart-users')
        .closest('section')
        .toggle(role === 'server');
      whole.find('.goodpart-connection, .goodpart-browser').toggle(role === 'client');
      $('#goodpart-address').text(form.t('address', { url: `opc.tcp://${host}:${port}` }));
    };
    showUsers(form, whole.find('.goodpart-users'));
    showBrowser(form, whole.find('.goodpart-connection'), whole.find('.goodpart-browser'));
    showCertificates(form, whole.find('.goodpart-certificates'));
    form.onChange(show);
    show();
  },
};
