import type { Form } from '../../lib/node-red/editor/form.ts';
import { mostUsers, passwordKey, type StoredUser, slots, storedUsers, userProblem } from './users.ts';

const roles = ['observer', 'operator'] as const;
/** What Node-RED's editor puts into the input of a password that it keeps to itself. */
const keptPassword = '__PWRD__';

/** The list of users. Names and roles go into one credential, each password into one of its own that never comes back. */
export function showUsers(form: Form, place: JQuery): void {
  const { t } = form;
  let users = storedUsers({ users: String(form.control('users').val()), user: String(form.control('user').val()) });
  const hint = $('<div class="goodpart-hint">').text(t('users.hint'));
  const list = $('<ol class="goodpart-user-list">');
  place.append(list, hint);

  const secret = (slot: number) => form.control(passwordKey(slot));
  const hasPassword = (slot: number) => secret(slot).val() !== '';
  const changed = () => {
    form.control('users').val(JSON.stringify(users));
    form.control('user').val('');
    list.find('.goodpart-user').each((_, row) => {
      const problem = userProblem($(row).data('user') as StoredUser, users, hasPassword);
      $(row)
        .find('.goodpart-problem')
        .text(problem ? t(`users.${problem}`) : '')
        .toggle(problem !== null);
    });
    const full = users.length >= mostUsers;
    place.find('.red-ui-editableList-addButton').prop('disabled', full).toggle(!full);
  };

  const addRow = (row: JQuery, data: Partial<StoredUser>) => {
    const isNew = data.slot === undefined;
    if (isNew) {
      const slot = slots.find((one) => !users.some((user) => user.slot === one));
      if (slot === undefined) return;
      secret(slot).val('');
      Object.assign(data, { slot, name: '', role: roles[0] });
      users.push(data as StoredUser);
    }
    const user = data as StoredUser;
    const name = $('<input type="text" autocomplete="off">').val(user.name);
    name.attr({ placeholder: t('users.name'), 'aria-label': t('users.name') });
    name.on('input', () => {
      user.name = String(name.val());
      changed();
    });
    const role = $('<select>').attr('aria-label', t('users.role'));
    for (const word of roles)
      $('<option>')
        .val(word)
        .text(t(`users.${word}`))
        .appendTo(role);
    role.val(user.role).on('change', () => {
      user.role = role.val() as StoredUser['role'];
      changed();
    });
    const kept = secret(user.slot).val() === keptPassword;
    const password = $('<input type="password" autocomplete="new-password">');
    password.attr({ placeholder: t(kept ? 'users.kept' : 'users.password'), 'aria-label': t('users.password') });
    password.val(kept ? '' : String(secret(user.slot).val()));
    password.on('input', () => {
      const typed = String(password.val());
      secret(user.slot).val(typed === '' && kept ? keptPassword : typed);
      changed();
    });
    $('<div class="goodpart-user">')
      .data('user', user)
      .append($('<div>').append(name, role, password), $('<div class="goodpart-problem" role="alert">'))
      .appendTo(row);
    if (isNew) {
      name.trigger('focus');
      changed();
    }
  };

  const forget = (gone: StoredUser) => {
    if (!users.includes(gone)) return;
    users = users.filter((user) => user !== gone);
    secret(gone.slot).val('');
    changed();
  };

  list.editableList<Partial<StoredUser>>({
    addButton: t('users.add'),
    removable: true,
    sortable: false,
    height: 'auto',
    addItem: (row, _index, data) => addRow(row, data),
    removeItem: (data) => forget(data as StoredUser),
  });
  // at once: until the row has faded away, somebody may have saved. Where nothing fades, the row is gone before this is told
  list.on('click', '.red-ui-editableList-item-remove', ({ currentTarget }) =>
    forget($(currentTarget).closest('li').find('.goodpart-user').data('user') as StoredUser),
  );
  for (const user of users) list.editableList('addItem', user);
  // an old flow's one user is stored as a list once somebody touches it, not because somebody looked
  const before = String(form.control('users').val());
  const legacy = String(form.control('user').val());
  changed();
  form.control('users').val(before);
  form.control('user').val(legacy);
}
