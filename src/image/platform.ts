import { TinyrunError } from '../errors.ts';
import { dict } from '../store/dict.ts';
import type { Descriptor, Platform } from './types.ts';

const ARCH: Readonly<Record<string, string>> = dict({
  x64: 'amd64',
  x86_64: 'amd64',
  'x86-64': 'amd64',
  aarch64: 'arm64',
  ia32: '386',
  i386: '386',
  i686: '386',
  armhf: 'arm',
  armel: 'arm',
  ppc64el: 'ppc64le',
});

/** The platform whose programs this machine runs. */
export function hostPlatform(arch: string = process.arch): Platform {
  return normalise({ os: 'linux', architecture: arch });
}

/**
 * Parses `os/arch[/variant]`, or an architecture alone, as `docker --platform` does.
 * @throws TinyrunError USAGE
 */
export function parsePlatform(text: string): Platform {
  const parts = text.split('/');
  if (parts.length > 3 || parts.some((part) => !/^[A-Za-z0-9_.-]+$/.test(part)))
    throw new TinyrunError('USAGE', `bad platform "${text}"`, {
      hint: 'os/arch[/variant], as in linux/arm64/v8',
    });
  const [first = '', second, variant] = parts;
  if (second !== undefined)
    return normalise({ os: first, architecture: second, ...(variant && { variant }) });
  return first === 'linux' ? hostPlatform() : normalise({ os: 'linux', architecture: first });
}

/** containerd's normal form: arm64 is v8 without saying so, arm is v7 unless it says otherwise. */
export function normalise(platform: Platform): Platform {
  const { variant, ...rest } = platform;
  const lower = platform.architecture.toLowerCase();
  const architecture = ARCH[lower] ?? lower;
  const base = { ...rest, os: platform.os.toLowerCase(), architecture };
  const normal = normalVariant(architecture, lower === 'armel' ? 'v6' : variant?.toLowerCase());
  return normal === undefined ? base : { ...base, variant: normal };
}

function normalVariant(architecture: string, variant: string | undefined): string | undefined {
  const full = variant !== undefined && /^\d+$/.test(variant) ? `v${variant}` : variant;
  if (architecture === 'arm64') return full === 'v8' ? undefined : full;
  if (architecture === 'amd64') return full === 'v1' ? undefined : full;
  if (architecture === 'arm') return full ?? 'v7';
  return full;
}

export function formatPlatform(platform: Platform): string {
  return [platform.os, platform.architecture, platform.variant].filter(Boolean).join('/');
}

/** Variants of an architecture a machine of that variant runs, best first: arm v7 runs v6 and v5. */
function runnable(platform: Platform): (string | undefined)[] {
  const { architecture, variant } = platform;
  if (architecture === 'arm') {
    const newest = Number(/^v(\d+)/.exec(variant ?? 'v7')?.[1] ?? 7);
    return Array.from({ length: Math.max(1, newest - 4) }, (_, i) => `v${newest - i}`);
  }
  return variant === undefined ? [undefined] : [variant, undefined];
}

/** How well an image's platform suits: 0 best, undefined not at all. */
export function platformRank(wanted: Platform, offered: Platform): number | undefined {
  const want = normalise(wanted);
  const offer = normalise(offered);
  if (want.os !== offer.os || want.architecture !== offer.architecture) return undefined;
  const rank = runnable(want).indexOf(offer.variant);
  return rank < 0 ? undefined : rank;
}

/** Architectures whose programs another one runs as well, by its own processor. */
const ALSO: Readonly<Record<string, string>> = { amd64: '386', arm64: 'arm' };

/** Whether this machine runs programs of a platform without emulation. */
export function runsHere(offered: Platform, host: Platform = hostPlatform()): boolean {
  if (platformRank(host, offered) !== undefined) return true;
  const { os, architecture } = normalise(offered);
  return os === host.os && ALSO[host.architecture] === architecture;
}

/**
 * What was asked for by --platform is what is taken, or nothing is.
 * @throws TinyrunError NO_SUCH_PLATFORM in Docker's words
 */
export function requirePlatform(wanted: Platform | undefined, offered: Platform, name: string): void {
  if (wanted === undefined || platformRank(wanted, offered) !== undefined) return;
  throw new TinyrunError(
    'NO_SUCH_PLATFORM',
    `image with reference ${name} was found but does not match the specified platform: ` +
      `wanted ${formatPlatform(wanted)}, actual: ${formatPlatform(offered)}`,
  );
}

/** @throws TinyrunError NO_SUCH_PLATFORM for an image whose layers are no Linux file system */
export function requireLinux({ os }: Platform, name: string): void {
  if (os.toLowerCase() === 'linux') return;
  throw new TinyrunError('NO_SUCH_PLATFORM', `${name} is a ${os} image: it cannot be used on linux`, {
    hint: 'choose an image for linux',
  });
}

/** The manifest of an index that suits best; attestations (`unknown/unknown`) never do. */
export function choosePlatform(manifests: readonly Descriptor[], wanted: Platform): Descriptor | undefined {
  const ranked = manifests.flatMap((descriptor) => {
    const rank = descriptor.platform && platformRank(wanted, descriptor.platform);
    return rank === undefined ? [] : [{ descriptor, rank }];
  });
  return ranked.sort((a, b) => a.rank - b.rank)[0]?.descriptor;
}
