import { TinyrunError } from '../../errors.ts';
import type { User } from '../../spec/types.ts';
import { ConfigError } from './error.ts';

/** The image's own account files; undefined where there is none (or none that may be read). */
export interface Accounts {
  readonly passwd?: string | undefined;
  readonly group?: string | undefined;
  /** Whose they are, for errors: the image's without. */
  readonly owner?: 'image' | 'container';
}

export interface ResolvedUser {
  readonly user: User;
  /** Home directory from passwd, `/` without. */
  readonly home: string;
}

/** moby's bound: 2^31-1, so that no sign and no truncation can ever make 0 of it (CVE-2024-40635). */
const MAX_ID = 2 ** 31 - 1;

interface PasswdEntry {
  name: string;
  uid: number;
  gid: number;
  home: string;
}

interface GroupEntry {
  name: string;
  gid: number;
  members: string[];
}

/** An id as decimal digits within bounds; undefined for anything else, as a name is. */
function strictId(text: string): number | undefined {
  if (!/^\d+$/.test(text)) return undefined;
  const id = text.length <= 10 ? Number(text) : Number.POSITIVE_INFINITY;
  if (id <= MAX_ID) return id;
  throw new TinyrunError('USER_NOT_FOUND', `user ${text}: ids must be in the range 0-${MAX_ID}`);
}

/** Like `strictId`, for files: an entry with a bad id is passed over, never taken for 0. */
function fileId(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text) && Number(text) <= MAX_ID ? Number(text) : undefined;
}

function parsePasswd(text: string): PasswdEntry[] {
  return text.split('\n').flatMap((line) => {
    const [name, , uidText, gidText, , home] = line.trim().split(':');
    const [uid, gid] = [fileId(uidText), fileId(gidText)];
    if (!name || uid === undefined || gid === undefined) return [];
    return [{ name, uid, gid, home: home ?? '' }];
  });
}

function parseGroup(text: string): GroupEntry[] {
  return text.split('\n').flatMap((line) => {
    const [name, , gidText, members] = line.trim().split(':');
    const gid = fileId(gidText);
    return name && gid !== undefined
      ? [{ name, gid, members: (members ?? '').split(',').filter(Boolean) }]
      : [];
  });
}

/**
 * `name|uid[:group|gid]` against the image's files, as Docker does: a number is always an id, never a name;
 * a name must be found; without a group the user's own gid and the groups that list the user are taken.
 */
export function resolveUser(
  text: string,
  accounts: Accounts,
  groupAdd: readonly string[] = [],
): ResolvedUser {
  const [userText = '', groupText = ''] = splitOnce(text);
  const entry = findUser(userText || '0', accounts);
  const groups = needsGroups(entry, groupText, groupAdd) ? parseGroup(accounts.group ?? '') : [];
  const gid =
    groupText === '' ? entry.gid : findGroup(groupText, groups, `${text}: ${noGroup(groupText, accounts)}`);
  const own = groupText === '' && entry.name ? groups.filter((g) => g.members.includes(entry.name)) : [];
  const extra = groupAdd.map((name, index) => addedGroup(name, groups, `groups[${index}]`, accounts));
  // Docker lists the primary group too, and setgroups(2) without it would drop what it grants through ACLs
  const additionalGids = [...new Set([gid, ...own.map((g) => g.gid), ...extra])];
  return { user: { uid: entry.uid, gid, additionalGids }, home: entry.home || '/' };
}

function splitOnce(text: string): [string, string] {
  const colon = text.indexOf(':');
  return colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
}

const needsGroups = (entry: PasswdEntry, groupText: string, groupAdd: readonly string[]) =>
  entry.name !== '' || groupText !== '' || groupAdd.length > 0;

function findUser(text: string, accounts: Accounts): PasswdEntry {
  const id = strictId(text);
  const entries = parsePasswd(accounts.passwd ?? '');
  const found = entries.find((entry) => (id === undefined ? entry.name === text : entry.uid === id));
  if (found) return found;
  if (id !== undefined) return { name: '', uid: id, gid: 0, home: '' };
  throw new TinyrunError(
    'USER_NOT_FOUND',
    `user ${text}: no matching entry in the ${accounts.owner ?? 'image'}'s /etc/passwd`,
  );
}

const noGroup = (text: string, { owner = 'image' }: Accounts) =>
  `no group ${text} in the ${owner}'s /etc/group`;

function findGroup(text: string, groups: readonly GroupEntry[], problem: string): number {
  const gid = gidOf(text, groups);
  if (gid !== undefined) return gid;
  throw new TinyrunError('USER_NOT_FOUND', problem);
}

function addedGroup(text: string, groups: readonly GroupEntry[], field: string, accounts: Accounts): number {
  const gid = gidOf(text, groups);
  if (gid !== undefined) return gid;
  throw new ConfigError(field, noGroup(text, accounts), { code: 'USER_NOT_FOUND' });
}

const gidOf = (text: string, groups: readonly GroupEntry[]): number | undefined =>
  strictId(text) ?? groups.find((group) => group.name === text)?.gid;
