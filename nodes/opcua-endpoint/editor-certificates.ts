import { AskError, askBlob, askJson, askToDo } from '../../lib/node-red/editor/ask.ts';
import type { Form } from '../../lib/node-red/editor/form.ts';
import { Poll } from '../../lib/node-red/editor/poll.ts';
import type { CertificateView, PkiView } from '../../lib/plc/pki-folder.ts';

const pollMs = 3000;
type Action = 'trust' | 'distrust' | 'delete';

/** The certificate of this station, and those of others with what can be decided about them; asked again while it is seen. */
export function showCertificates(form: Form, place: JQuery): void {
  const { t } = form;
  const words = $('<div class="goodpart-problem" role="alert">').hide();
  const lists = $('<div>').append($('<div class="goodpart-hint">').text(t('certificates.asking')));
  place.append(words, lists);
  const date = (iso: string) => (iso === '' ? '–' : new Date(iso).toLocaleDateString());
  const time = (iso: string) => new Date(iso).toLocaleString();
  let shown = '';

  const problem = (thrown: unknown) => {
    const refused = thrown instanceof AskError && (thrown.status === 401 || thrown.status === 403);
    words.text(refused ? t('certificates.notAllowed') : String((thrown as Error).message)).show();
  };
  const act = (id: string, action: Action) => {
    askToDo<PkiView>(`goodpart/opcua/certificates/${id}/${action}`).then(show, problem);
  };
  const download = (owner: 'server' | 'client') => {
    askBlob(`goodpart/opcua/certificates/own/${owner}`).then((blob) => {
      const address = URL.createObjectURL(blob);
      $('<a>')
        .attr({ href: address, download: `goodpart-${owner}.der` })[0]
        .click();
      URL.revokeObjectURL(address);
    }, problem);
  };
  const button = (text: string, work: () => void) =>
    $('<button type="button" class="red-ui-button red-ui-button-small">').text(text).on('click', work);

  const row = (one: CertificateView, when: 'seen' | 'made', ...buttons: JQuery[]) => {
    const { subject, thumbprint, id, uri, validFrom, validTo, seen } = one;
    const expired = validTo !== '' && Date.parse(validTo) < Date.now();
    const facts = [
      uri,
      t('certificates.validity', { from: date(validFrom), to: date(validTo) }),
      t(`certificates.${when}`, { time: time(seen) }),
    ];
    const prints = $('<small>').append(
      $('<span>').text(`SHA-1 ${thumbprint}`),
      $('<span>').text(`SHA-256 ${id.toUpperCase()}`),
    );
    const text = $('<div>').append(
      $('<b>').text(subject || '?'),
      expired ? $('<em>').text(t('certificates.expired')) : $(),
      $('<small>').text(facts.filter(Boolean).join(' · ')),
      prints,
    );
    return $('<li>').append(text, $('<div class="goodpart-certificate-do">').append(...buttons));
  };
  const list = (title: string, none: string, rows: JQuery[]) => {
    lists.append($('<h5>').text(t(title)));
    if (rows.length === 0) lists.append($('<div class="goodpart-hint">').text(t(none)));
    else lists.append($('<ul class="goodpart-certificate-list">').append(...rows));
  };

  const show = (pki: PkiView) => {
    const role = form.values().role === 'client' ? 'client' : 'server';
    const now = JSON.stringify([role, pki]);
    if (now === shown) return;
    shown = now;
    words.hide();
    lists.empty();
    const own = role === 'client' ? pki.ownClient : pki.own;
    const mine = own
      ? [
          row(
            own,
            'made',
            button(t('certificates.download'), () => download(role)),
          ),
        ]
      : [];
    list('certificates.own', 'certificates.ownNone', mine);
    const refused = pki.rejected.map((one) =>
      row(
        one,
        'seen',
        button(t('certificates.trust'), () => act(one.id, 'trust')),
        button(t('certificates.delete'), () => act(one.id, 'delete')),
      ),
    );
    list('certificates.rejected', 'certificates.rejectedNone', refused);
    const trusted = pki.trusted.map((one) =>
      row(
        one,
        'seen',
        button(t('certificates.distrust'), () => act(one.id, 'distrust')),
      ),
    );
    list('certificates.trusted', 'certificates.trustedNone', trusted);
  };

  const poll = new Poll(place[0], (signal) =>
    askJson<PkiView>('goodpart/opcua/certificates', signal).then(
      (pki) => {
        show(pki);
        return pollMs;
      },
      (thrown: unknown) => {
        if (!signal.aborted) problem(thrown);
        return 2 * pollMs;
      },
    ),
  );
  form.onClose(() => poll.stop());
  form.onChange(() => poll.nudge());
}
