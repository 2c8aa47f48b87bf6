import { normalize } from 'node:path/posix';
import { TinyrunError } from '../../errors.ts';
import type { Mount } from '../../spec/types.ts';
import { dict } from '../../store/dict.ts';
import type { RunOptions } from '../types.ts';
import { parseSize } from './size.ts';

const fail = (flag: string, text: string, problem: string, hint?: string) =>
  new TinyrunError('USAGE', `${flag} ${JSON.stringify(text)}: ${problem}`, hint ? { hint } : {});

/** A path of the container without `.`, `..` and doubled slashes, by its text alone: two spellings of a place are one. */
export function cleanTarget(path: string): string {
  const clean = normalize(path);
  return clean.length > 1 && clean.endsWith('/') ? clean.slice(0, -1) : clean;
}

const PROPAGATION = ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'];
/** Options of -v that the kernel has no part in: SELinux labels and nocopy of volumes. */
const IGNORED = ['rw', 'z', 'Z', 'nocopy', 'consistent', 'cached', 'delegated'];

/** A bind that needs its source on the host before it can be mounted. */
export interface BindMount extends Mount {
  readonly source: string;
  /** -v makes a missing source directory, --mount refuses. */
  readonly createSource: boolean;
}

/** `resolve` makes a relative host path absolute. */
function parseVolume(text: string, resolve: (path: string) => string): BindMount {
  const parts = text.split(':');
  const [source, target, options = ''] = parts.length === 1 ? [undefined, parts[0]] : parts;
  if (parts.length > 3 || !target || source === '')
    throw fail('--volume', text, 'not SOURCE:TARGET[:OPTIONS]');
  if (!target.startsWith('/') || target === '/')
    throw fail('--volume', text, 'the target must be an absolute path below /');
  if (source === undefined || !/^[/.~]/.test(source))
    throw new TinyrunError(
      'UNSUPPORTED',
      `--volume ${JSON.stringify(text)}: there are no named volumes yet`,
      {
        hint: 'give a directory of the host as an absolute path, or one that starts with ./',
      },
    );
  return bind(resolve(source), target, volumeOptions(text, options), true);
}

function volumeOptions(text: string, options: string): { readOnly: boolean; propagation: string } {
  let readOnly = false;
  let propagation = 'rprivate';
  for (const option of options.split(',').filter(Boolean)) {
    if (option === 'ro') readOnly = true;
    else if (PROPAGATION.includes(option)) propagation = option;
    else if (!IGNORED.includes(option)) throw fail('--volume', text, `unknown option ${option}`);
  }
  return { readOnly, propagation };
}

/** A read-only bind is read-only all the way down, as Docker has it since 25 (`rro`). */
function bind(
  source: string,
  destination: string,
  { readOnly, propagation }: { readOnly: boolean; propagation: string },
  createSource: boolean,
): BindMount {
  const options = ['rbind', ...(readOnly ? ['ro', 'rro'] : ['rw']), propagation];
  return { destination, type: 'bind', source, options, createSource };
}

/** One CSV field list of --mount as keys; a key without a value is `true`. */
function mountFields(text: string): Map<string, string> {
  return new Map(
    text.split(',').map((field) => {
      const equals = field.indexOf('=');
      return equals < 0 ? [field, 'true'] : [field.slice(0, equals), field.slice(equals + 1)];
    }),
  );
}

const ALIASES: Readonly<Record<string, string>> = dict({
  src: 'source',
  dst: 'target',
  destination: 'target',
  ro: 'readonly',
});
const MOUNT_KEYS = ['type', 'source', 'target', 'readonly', 'bind-propagation', 'tmpfs-size', 'tmpfs-mode'];

function parseMount(text: string, resolve: (path: string) => string): Mount | BindMount {
  const fields = new Map([...mountFields(text)].map(([key, value]) => [ALIASES[key] ?? key, value]));
  for (const key of fields.keys())
    if (!MOUNT_KEYS.includes(key)) throw fail('--mount', text, `unknown key ${key}`);
  const target = fields.get('target') ?? '';
  if (!target.startsWith('/') || target === '/')
    throw fail('--mount', text, 'target must be an absolute path below /');
  const type = fields.get('type') ?? 'volume';
  const readOnly = ['true', '1'].includes(fields.get('readonly') ?? 'false');
  if (type === 'tmpfs') return tmpfsMount(target, mountTmpfsOptions(fields, readOnly));
  if (type !== 'bind')
    throw new TinyrunError('UNSUPPORTED', `--mount ${JSON.stringify(text)}: type ${type} is not there yet`, {
      hint: 'the types are bind and tmpfs',
    });
  const source = fields.get('source');
  if (!source) throw fail('--mount', text, 'a bind needs source=');
  const propagation = fields.get('bind-propagation') ?? 'rprivate';
  if (!PROPAGATION.includes(propagation)) throw fail('--mount', text, `unknown propagation ${propagation}`);
  return bind(resolve(source), target, { readOnly, propagation }, false);
}

function mountTmpfsOptions(fields: ReadonlyMap<string, string>, readOnly: boolean): string[] {
  const size = fields.get('tmpfs-size');
  const mode = fields.get('tmpfs-mode');
  return [
    ...(size ? [`size=${parseSize(size, '--mount tmpfs-size')}`] : []),
    ...(mode ? [`mode=${mode}`] : []),
    ...(readOnly ? ['ro'] : []),
  ];
}

const TMPFS_FLAGS =
  'ro rw exec noexec suid nosuid dev nodev sync async dirsync atime noatime relatime strictatime'.split(' ');
const TMPFS_KEYS = ['size', 'mode', 'uid', 'gid', 'nr_inodes', 'nr_blocks', 'huge', 'mpol'];

/** `/run:size=64m,mode=755`. Docker's defaults: noexec, nosuid, nodev. */
function parseTmpfs(text: string): Mount {
  const colon = text.indexOf(':');
  const [target, options] = colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
  if (!target.startsWith('/') || target === '/') throw fail('--tmpfs', text, 'not an absolute path below /');
  const list = options.split(',').filter(Boolean);
  for (const option of list) {
    const [key = '', value] = option.split('=');
    const known = value === undefined ? TMPFS_FLAGS.includes(key) : TMPFS_KEYS.includes(key);
    if (!known) throw fail('--tmpfs', text, `unknown option ${option}`);
  }
  return tmpfsMount(target, list);
}

const OPPOSITES: Readonly<Record<string, string>> = dict({ noexec: 'exec', nosuid: 'suid', nodev: 'dev' });

function tmpfsMount(destination: string, options: readonly string[]): Mount {
  const defaults = Object.entries(OPPOSITES).flatMap(([flag, off]) => (options.includes(off) ? [] : [flag]));
  const rest = options.filter((option) => !defaults.includes(option) && option !== 'rw');
  return { destination, type: 'tmpfs', source: 'tmpfs', options: [...defaults, ...rest] };
}

/** -v, --mount and --tmpfs, in the order of their depth so that an outer mount never hides an inner one. */
export function userMounts(options: RunOptions, resolve: (path: string) => string): (Mount | BindMount)[] {
  const mounts = [
    ...(options.volume ?? []).map((text) => parseVolume(text, resolve)),
    ...(options.mount ?? []).map((text) => parseMount(text, resolve)),
    ...(options.tmpfs ?? []).map(parseTmpfs),
  ].map((mount) => ({ ...mount, destination: cleanTarget(mount.destination) }));
  const seen = new Set<string>();
  for (const { destination: target } of mounts) {
    if (seen.has(target)) throw new TinyrunError('USAGE', `two mounts on ${target}`);
    seen.add(target);
  }
  const depth = (mount: Mount) => mount.destination.split('/').filter(Boolean).length;
  return mounts.sort((a, b) => depth(a) - depth(b));
}
