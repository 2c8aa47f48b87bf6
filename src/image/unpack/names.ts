import { TinyrunError } from '../../errors.ts';

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
/** AUFS's own bookkeeping (`.wh..wh.plnk`, `.wh..wh.aufs`), which means nothing to a layer. */
const AUFS = '.wh..wh.';

/** Anything in a path that cannot be taken as it stands: empty, `.` and `..` components. */
const UNCLEAN = /(?:^|\/)(?:\.{0,2})(?:\/|$)/;

/**
 * An archive's name as parent and last component, below the layer's root: leading slashes and `./` go, base is
 * '' for the root itself. `..` may not lead above the root; a symbolic link's target may (it stops there, as the
 * kernel does in a root directory).
 */
export function splitName(name: string, depth: number, link = false): { parent: string; base: string } {
  // as tar names everything when it packs a directory from within
  const plain = name.startsWith('./') ? name.slice(2) : name;
  const clean = UNCLEAN.test(plain) ? normalise(name, link) : plain;
  const slash = clean.lastIndexOf('/');
  const parent = slash < 0 ? '' : clean.slice(0, slash);
  const base = clean.slice(slash + 1);
  checkLength(name, base, clean, depth);
  return { parent, base };
}

function normalise(name: string, link: boolean): string {
  const parts: string[] = [];
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined && !link)
      throw new TinyrunError('BAD_LAYER', `layer entry ${JSON.stringify(name)} leads out of the layer`);
  }
  return parts.join('/');
}

function checkLength(name: string, base: string, clean: string, depth: number): void {
  if (base.length > 255 || clean.length > 4095)
    throw new TinyrunError(
      'BAD_LAYER',
      `layer entry ${JSON.stringify(name.slice(0, 80))}… has too long a name`,
    );
  if (clean.length < depth) return;
  let count = 1;
  for (let i = clean.indexOf('/'); i >= 0; i = clean.indexOf('/', i + 1)) count++;
  if (count > depth)
    throw new TinyrunError(
      'LAYER_LIMIT',
      `layer entry ${JSON.stringify(name.slice(0, 80))}… is more than ${depth} directories deep`,
    );
}

export type Whiteout = 'opaque' | 'skip' | { hides: string } | undefined;

/** layer.md, whiteouts. */
export function whiteoutOf(base: string, name: string): Whiteout {
  if (!base.startsWith(WHITEOUT)) return undefined;
  if (base === OPAQUE) return 'opaque';
  if (base.startsWith(AUFS)) return 'skip';
  const hides = base.slice(WHITEOUT.length);
  if (hides === '' || hides === '.' || hides === '..')
    throw new TinyrunError(
      'BAD_LAYER',
      `layer entry ${JSON.stringify(name)} is a whiteout of ${hides === '..' ? 'the parent directory' : 'the directory itself'}`,
    );
  return { hides };
}
