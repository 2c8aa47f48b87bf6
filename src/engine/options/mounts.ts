import { TinyrunError } from '../../errors.ts';
import type { Mount } from '../../spec/types.ts';
import type { RunOptions } from '../types.ts';
import { parseMount } from './mount-flag.ts';
import { type BindMount, bind, mountError, mountTarget, PROPAGATION, tmpfs } from './targets.ts';

/** Options of -v by what they choose: one of each at most. SELinux labels and consistency are no matter of the kernel's. */
const VOLUME_MODES: readonly (readonly string[])[] = [
  ['ro', 'rw'],
  ['z', 'Z'],
  PROPAGATION,
  ['consistent', 'cached', 'delegated'],
];

/** `resolve` makes a relative host path absolute. */
function parseVolume(text: string, resolve: (path: string) => string): BindMount {
  const fail = (problem: string, hint?: string) => mountError('--volume', text, problem, hint);
  if (text === '') throw fail('invalid empty volume spec');
  const parts = text.split(':');
  if (parts.length > 3) throw fail('invalid spec: too many colons', 'SOURCE:TARGET[:OPTIONS]');
  if (parts.includes('')) throw fail('invalid spec: empty section between colons', 'SOURCE:TARGET[:OPTIONS]');
  const [source = '', target, options = ''] = parts;
  if (target === undefined || !/^[/.]/.test(source))
    throw noVolumes(text, target === undefined ? '' : source);
  const how = volumeOptions(options, fail);
  return bind(resolve(source), mountTarget(target, fail), how, true);
}

function noVolumes(text: string, name: string): TinyrunError {
  if (name !== '' && !/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name))
    return mountError('--volume', text, `${name} includes characters that no name of a volume has`, ABSOLUTE);
  const what = name === '' ? 'anonymous' : 'named';
  return new TinyrunError(
    'UNSUPPORTED',
    `--volume ${JSON.stringify(text)}: there are no ${what} volumes yet`,
    {
      hint: ABSOLUTE,
    },
  );
}

const ABSOLUTE = 'give a directory of the host as an absolute path, or one that starts with ./';

function volumeOptions(
  options: string,
  fail: (problem: string) => TinyrunError,
): { readOnly: boolean; propagation: string } {
  const words = options === '' ? [] : options.split(',');
  if (words.includes('nocopy')) throw fail('nocopy is for volumes: this is a bind');
  const kinds = words.map((word) => VOLUME_MODES.findIndex((kind) => kind.includes(word)));
  if (kinds.includes(-1) || new Set(kinds).size < kinds.length) throw fail(`invalid mode: ${options}`);
  return {
    readOnly: words.includes('ro'),
    propagation: words.find((word) => PROPAGATION.includes(word)) ?? 'rprivate',
  };
}

const TMPFS_FLAGS = [
  ...'ro rw exec noexec suid nosuid dev nodev sync async dirsync atime noatime'.split(' '),
  ...'diratime nodiratime relatime norelatime strictatime nostrictatime'.split(' '),
  ...PROPAGATION,
];
/** What a value looks like that the kernel can take. */
const TMPFS_VALUES: Readonly<Record<string, RegExp>> = {
  size: /^\d+[kmgtpe]?$|^\d+%$/i,
  mode: /^\+?[0-7]+$/,
  uid: /^\+?\d+$/,
  gid: /^\+?\d+$/,
  nr_inodes: /^\d+[kmgtpe]?$/i,
  nr_blocks: /^\d+[kmgtpe]?$/i,
  huge: /^\w+$/,
  mpol: /./,
};

/** `/run:size=64m,mode=755`. */
function parseTmpfs(text: string): Mount {
  const colon = text.indexOf(':');
  const [target, options] = colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
  const list = options === '' ? [] : options.split(',');
  const fail = (problem: string) => mountError('--tmpfs', text, problem);
  for (const option of list) {
    const equals = option.indexOf('=');
    const key = equals < 0 ? option : option.slice(0, equals);
    const value = Object.hasOwn(TMPFS_VALUES, key) ? TMPFS_VALUES[key] : undefined;
    const known = equals < 0 ? TMPFS_FLAGS.includes(key) : value !== undefined;
    if (!known) throw fail(`invalid tmpfs option ${JSON.stringify(option)}`);
    if (equals >= 0 && !value?.test(option.slice(equals + 1)))
      throw fail(`bad value of ${JSON.stringify(option)}`);
  }
  return tmpfs(mountTarget(target, fail), list);
}

/** -v, --mount and --tmpfs, in the order of their depth so that an outer mount never hides an inner one. */
export function userMounts(options: RunOptions, resolve: (path: string) => string): (Mount | BindMount)[] {
  const mounts = [
    ...(options.volume ?? []).map((text) => parseVolume(text, resolve)),
    ...(options.mount ?? []).map((text) => parseMount(text, resolve)),
    ...(options.tmpfs ?? []).map(parseTmpfs),
  ];
  const seen = new Set<string>();
  for (const { destination } of mounts) {
    if (seen.has(destination)) throw new TinyrunError('USAGE', `two mounts on ${destination}`);
    seen.add(destination);
  }
  const depth = (mount: Mount) => mount.destination.split('/').filter(Boolean).length;
  return mounts.sort((a, b) => depth(a) - depth(b));
}
