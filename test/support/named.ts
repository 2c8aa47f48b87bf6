// Whether a text of a plan, a system call as its table writes it, names a change that was seen.
import { dirname } from 'node:path';
import { type Change, canonical } from './system-calls.ts';

/** What the tables of plans say in a word for what is made of several calls. */
const WORDS: readonly (readonly [said: string, meant: string])[] = [
  [
    '/dev/null or an empty tmpfs',
    `open_tree("/dev/null", OPEN_TREE_CLONE); fsopen("tmpfs"); fsconfig(source=, ro, nr_inodes=2, mode=); fsmount(MOUNT_ATTR_RDONLY|MOUNT_ATTR_NOSUID|MOUNT_ATTR_NODEV|MOUNT_ATTR_NOEXEC)`,
  ],
];

export interface Naming {
  readonly text: string;
  /** Paths that it may be done to besides: an empty tmpfs is made once, then cloned from where it is. */
  readonly also?: readonly string[];
}

const namesOf = (text: string): Set<string> =>
  new Set([...text.matchAll(/\b([a-z_][a-z_0-9]*)\(/g)].map(([, name = '']) => canonical(name)));

const quoted = (text: string): string[] =>
  [...text.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, path = '']) => path);

/** Files are written under another name first: `.tmp-…`, `.journal-PID`, `.exit.json.new`. */
const isTemporary = (path: string): boolean => /\/\.(?:tmp-|journal-\d|[\w.]+\.new$)[^/]*$/.test(path);

function namesPath(text: string, also: readonly string[], path: string): boolean {
  const said = quoted(text);
  if (said.includes(path) || also.includes(path)) return true;
  // the pid is not known before; a process's own files are its thread's
  const [, below] = /^\/proc\/\d+\/(?:task\/\d+\/)?(.*)$/.exec(path) ?? [];
  if (below !== undefined)
    return said.some(
      (each) => /^\/proc\/(?:self|thread-self|PID)\//.test(each) && each.endsWith(`/${below}`),
    );
  if (/\btemporary\b/.test(text) && isTemporary(path))
    return said.some((each) => dirname(each) === dirname(path));
  if (/O_CREAT\)|and what leads to it/.test(text)) return said.some((each) => each.startsWith(`${path}/`));
  return text.includes('and all below') && said.some((each) => path.startsWith(`${each}/`));
}

function namesWord(text: string, word: string): boolean {
  if (text.includes(word)) return true;
  const [key = '', value] = word.split(/=(.*)/s);
  return value !== undefined && text.includes(`"${key}"`) && text.includes(`"${value}"`);
}

/** Calls that another one stands for: a file is opened to be written, made where it is missing, and removed with its tree. */
function namesCall(names: ReadonlySet<string>, text: string, call: string): boolean {
  if (names.has(call)) return true;
  if (call === 'open') return names.has('write');
  if (call === 'rmdir') return names.has('unlink') && /AT_REMOVEDIR|and all below/.test(text);
  return (call === 'mkdir' || call === 'mknod') && /O_CREAT\)/.test(text);
}

/** `rootfs`: what the container's `/` is on the host. */
export function isNamed(change: Change, naming: Naming, rootfs: string): boolean {
  const text = WORDS.reduce((all, [said, meant]) => all.replaceAll(said, meant), naming.text);
  const inside = (path: string) => (path.startsWith(`${rootfs}/`) ? path.slice(rootfs.length) : path);
  const made = /O_CREAT\)/.test(text) && !namesOf(text).has(change.call);
  return (
    namesCall(namesOf(text), text, change.call) &&
    change.paths.every((path) =>
      [path, inside(path)].some((each) => namesPath(text, naming.also ?? [], each)),
    ) &&
    // modes of mount points are nobody's concern
    (made || change.words.every((word) => namesWord(text, word)))
  );
}
