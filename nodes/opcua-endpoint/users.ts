/** What the credentials hold of a user; the password lies in the slot of its own. */
export interface StoredUser {
  slot: number;
  name: string;
  role: 'observer' | 'operator';
}

/** Credentials have fixed names: so many users one endpoint can have. */
export const mostUsers = 8;
export const slots = Array.from({ length: mostUsers }, (_, index) => index + 1);

/** The credential that holds the password of this slot; the first is called as it was when there was one user. */
export const passwordKey = (slot: number) => (slot === 1 ? 'password' : `password${slot}`);

/** The list as it is stored, and the one user of older flows; what cannot be read is left out. */
export function storedUsers({ users = '', user = '' }: Record<string, string | undefined>): StoredUser[] {
  if (users === '') return user === '' ? [] : [{ slot: 1, name: user, role: 'operator' }];
  let list: unknown;
  try {
    list = JSON.parse(users);
  } catch {
    return [];
  }
  if (!Array.isArray(list)) return [];
  return list.slice(0, mostUsers).flatMap((one: unknown) => {
    const { slot, name, role } = (one ?? {}) as Partial<Record<keyof StoredUser, unknown>>;
    if (!slots.includes(Number(slot)) || typeof name !== 'string') return [];
    return [{ slot: Number(slot), name, role: role === 'operator' ? 'operator' : 'observer' }];
  });
}

export type UserProblem = 'noName' | 'twice' | 'noPassword';

/** What is wrong with one of them; `hasPassword`: whether its slot holds one. */
export function userProblem(
  user: StoredUser,
  all: readonly StoredUser[],
  hasPassword: (slot: number) => boolean,
): UserProblem | null {
  if (user.name.trim() === '') return 'noName';
  if (all.some((other) => other !== user && other.name.trim() === user.name.trim())) return 'twice';
  return hasPassword(user.slot) ? null : 'noPassword';
}
