import { PROPAGATION } from '../../../engine/config/mounts.ts';
import type { BindConfig, Relabel, VolumeConfig } from '../../../engine/config/types.ts';
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
export function parseVolume(text: string, resolve: (path: string) => string): BindConfig | VolumeConfig {
  const fail = failing(text);
  if (text === '') throw fail('invalid empty volume spec');
  const parts = text.split(':');
  if (parts.length > 3) throw fail('invalid spec: too many colons', 'SOURCE:TARGET[:OPTIONS]');
  if (parts.includes('')) throw fail('invalid spec: empty section between colons', 'SOURCE:TARGET[:OPTIONS]');
  const [source = '', target, options = ''] = parts;
  if (target === undefined) return { kind: 'volume', target: source };
  if (!/^[/.]/.test(source)) return volume(source, target, options, fail);
  const how = volumeOptions(options, fail);
  return { kind: 'bind', source: resolve(source), createSource: true, target, ...how };
}

function volume(name: string, target: string, options: string, fail: Fail): VolumeConfig {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name))
    throw fail(
      `${JSON.stringify(name)} includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed`,
      'if you intended to pass a host directory, use absolute path',
    );
  const words = options === '' ? [] : options.split(',');
  const modes = [['ro', 'rw'], ['z', 'Z'], ['nocopy']];
  const kinds = words.map((word) => modes.findIndex((kind) => kind.includes(word)));
  if (kinds.includes(-1) || new Set(kinds).size < kinds.length) throw fail(`invalid mode: ${options}`);
  return {
    kind: 'volume',
    name,
    target,
    ...(words.includes('ro') && { readOnly: true }),
    ...(words.includes('nocopy') && { noCopy: true }),
    ...relabelOf(words),
  };
}

/** Said to be ignored by the engine. */
function relabelOf(words: readonly string[]): { relabel?: Relabel } {
  const relabel = (['z', 'Z'] as const).find((word) => words.includes(word));
  return relabel ? { relabel } : {};
}

function volumeOptions(
  options: string,
  fail: Fail,
): Pick<BindConfig, 'readOnly' | 'propagation' | 'relabel'> {
  const words = options === '' ? [] : options.split(',');
  if (words.includes('nocopy')) throw fail('nocopy is for volumes: this is a bind');
  const kinds = words.map((word) => VOLUME_MODES.findIndex((kind) => kind.includes(word)));
  if (kinds.includes(-1) || new Set(kinds).size < kinds.length) throw fail(`invalid mode: ${options}`);
  const propagation = PROPAGATION.find((word) => words.includes(word));
  return {
    ...(words.includes('ro') && { readOnly: true }),
    ...(propagation && { propagation }),
    ...relabelOf(words),
  };
}
