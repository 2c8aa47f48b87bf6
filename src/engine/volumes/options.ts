import { isAbsolute, join, normalize } from 'node:path/posix';
import { TinyrunError } from '../../errors.ts';
import type { Place, PlacedVolume } from '../config/mounts.ts';

type Options = Readonly<Record<string, string>>;

/** How a volume of Docker's local driver is mounted by its options; undefined: it is a directory of its own. */
type Driven =
  | { readonly type: string; readonly device: string; readonly options: readonly string[] }
  | undefined;

const KNOWN = ['type', 'o', 'device', 'size'];

/** What the options of a volume come to. @throws TinyrunError USAGE in Docker's words */
export function drivenBy(options: Options): Driven {
  const unknown = Object.keys(options).find((key) => !KNOWN.includes(key));
  if (unknown !== undefined) throw refused(`invalid option: ${JSON.stringify(unknown)}`);
  if ('size' in options)
    throw refused('quota size requested but no quota support', 'o=size=… limits one of type tmpfs');
  if (Object.keys(options).length === 0) return undefined;
  const missing = ['device', 'type'].find((key) => !options[key]);
  if (missing !== undefined) throw refused(`missing required option: ${JSON.stringify(missing)}`);
  const { type = '', device = '', o = '' } = options;
  const words = o.split(',').filter(Boolean);
  const isBind = words.some((word) => word === 'bind' || word === 'rbind');
  if (isBind && !isAbsolute(device))
    throw refused(`device ${JSON.stringify(device)} of a bind is not an absolute path`);
  if (type === 'none' && !isBind) throw refused('type none is for binds: o=bind names one');
  return { type: isBind ? 'bind' : type, device, options: words };
}

const refused = (
  problem: string,
  hint = 'type, device and o, as mount(8) has them, are the options',
): TinyrunError => new TinyrunError('USAGE', `options of a volume: ${problem}`, { hint });

/** `target`: a directory of the host for what is to be mounted there. */
export function placeOf(
  options: Options,
  data: string,
  target: string,
): Place & Pick<PlacedVolume, 'how' | 'unseeded'> {
  const driven = drivenBy(options);
  if (driven === undefined) return { source: data };
  const { type, device, options: words } = driven;
  if (type === 'tmpfs') return { source: data, unseeded: true, how: { type, options: words } };
  if (type === 'bind') return { source: normalize(device), unseeded: true, how: { type, options: words } };
  const host = { type, source: device, target, options: words };
  return { source: target, unseeded: true, host };
}

/** What of a place is mounted. @throws TinyrunError USAGE in Docker's words */
export function below<P extends Place>(place: P, subpath: string | undefined): P {
  if (subpath === undefined) return place;
  const path = normalize(subpath);
  if (isAbsolute(path) || path === '..' || path.startsWith('../'))
    throw new TinyrunError(
      'USAGE',
      `subpath ${JSON.stringify(subpath)}: must be a relative path within the volume`,
    );
  if (path === '.' || path === './') return place;
  const clean = path.replace(/\/+$/, '');
  return { ...place, root: place.source, source: join(place.source, clean) };
}
