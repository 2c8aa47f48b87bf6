import { PROPAGATION } from '../../../engine/config/mounts.ts';
import type { BindConfig, Propagation } from '../../../engine/config/types.ts';
import { TinyrunError } from '../../../errors.ts';

type Fail = (problem: string, hint?: string) => TinyrunError;

const failing =
  (text: string): Fail =>
  (problem, hint) =>
    new TinyrunError('USAGE', `--volume ${JSON.stringify(text)}: ${problem}`, hint ? { hint } : {});

/** Options of -v by what they choose: one of each at most. SELinux labels and consistency are no matter of the kernel's. */
const VOLUME_MODES: readonly (readonly string[])[] = [
  ['ro', 'rw'],
  ['z', 'Z'],
  PROPAGATION,
  ['consistent', 'cached', 'delegated'],
];

/** `resolve` makes a relative host path absolute. */
export function parseVolume(text: string, resolve: (path: string) => string): BindConfig {
  const fail = failing(text);
  if (text === '') throw fail('invalid empty volume spec');
  const parts = text.split(':');
  if (parts.length > 3) throw fail('invalid spec: too many colons', 'SOURCE:TARGET[:OPTIONS]');
  if (parts.includes('')) throw fail('invalid spec: empty section between colons', 'SOURCE:TARGET[:OPTIONS]');
  const [source = '', target, options = ''] = parts;
  if (target === undefined || !/^[/.]/.test(source))
    throw noVolumes(text, target === undefined ? '' : source);
  const how = volumeOptions(options, fail);
  return { kind: 'bind', source: resolve(source), createSource: true, target, ...how };
}

function noVolumes(text: string, name: string): TinyrunError {
  if (name !== '' && !/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name))
    return failing(text)(`${name} includes characters that no name of a volume has`, ABSOLUTE);
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

function volumeOptions(options: string, fail: Fail): { readOnly?: boolean; propagation?: Propagation } {
  const words = options === '' ? [] : options.split(',');
  if (words.includes('nocopy')) throw fail('nocopy is for volumes: this is a bind');
  const kinds = words.map((word) => VOLUME_MODES.findIndex((kind) => kind.includes(word)));
  if (kinds.includes(-1) || new Set(kinds).size < kinds.length) throw fail(`invalid mode: ${options}`);
  const propagation = PROPAGATION.find((word) => words.includes(word));
  return { ...(words.includes('ro') && { readOnly: true }), ...(propagation && { propagation }) };
}
