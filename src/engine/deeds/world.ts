import { basename, dirname } from 'node:path';
import { join } from '../../store/join.ts';
import { realFs as real } from './real.ts';

/** A file, by what was written to it. */
export interface Content {
  readonly is: 'file';
  pieces: readonly Buffer[];
}

export const content = (...pieces: readonly Buffer[]): Content => ({ is: 'file', pieces });

export const sizeOf = ({ pieces }: Content): number => pieces.reduce((sum, { length }) => sum + length, 0);

export function bytesOf(file: Content): Buffer {
  const bytes = file.pieces.length === 1 ? file.pieces[0] : undefined;
  if (bytes) return bytes;
  const whole = Buffer.concat(file.pieces);
  file.pieces = [whole];
  return whole;
}

/** What a rehearsed verb has put at a path. */
export type Made = { readonly is: 'directory' } | Content | { readonly is: 'link'; readonly target: string };

/** What would be at a path: what is at `real` on the disk, or what was made; undefined: nothing. */
export type Found = { readonly real: string } | { readonly made: Made } | undefined;

type Entry = NonNullable<Found> | { readonly gone: true };

/**
 * The file system as it would be by now: the disk's, and over it what a rehearsed verb has made, moved and removed. Paths are
 * absolute; links on the way are not followed, as those who write here name what they write to.
 */
export class World {
  readonly #entries = new Map<string, Entry>();

  at(path: string): Found {
    const own = this.#entries.get(path);
    if (own !== undefined) return 'gone' in own ? undefined : own;
    for (let above = dirname(path); ; above = dirname(above)) {
      const entry = this.#entries.get(above);
      // of what was moved, what is in it has moved, too; in what was made there is what was made there
      if (entry !== undefined)
        return 'real' in entry ? { real: entry.real + path.slice(above.length) } : undefined;
      if (above === '/' || above === '.') return { real: path };
    }
  }

  /** The same; undefined also where the disk has nothing. */
  find(path: string): Found {
    const found = this.at(path);
    if (found === undefined || 'made' in found) return found;
    return real.lstatSync(found.real, { throwIfNoEntry: false }) === undefined ? undefined : found;
  }

  has(path: string): boolean {
    const found = this.at(path);
    return found !== undefined && ('made' in found || real.existsSync(found.real));
  }

  isDirectory(path: string): boolean {
    const found = this.find(path);
    if (found === undefined) return false;
    if ('made' in found) return found.made.is === 'directory';
    return real.statSync(found.real, { throwIfNoEntry: false })?.isDirectory() ?? false;
  }

  /** The content of a file, which may be changed from here on. */
  fileAt(path: string): Content {
    const found = this.find(path);
    if (found && 'made' in found && found.made.is === 'file') return found.made;
    const made = content(contentOf(found));
    this.make(path, made);
    return made;
  }

  make(path: string, made: Made): void {
    this.#entries.set(path, { made });
  }

  /** With all that is below. */
  remove(path: string): void {
    for (const other of this.#below(path)) this.#entries.delete(other);
    this.#entries.set(path, { gone: true });
  }

  move(from: string, to: string): void {
    const found = this.at(from);
    const below = this.#below(from).map(
      (path) => [path.slice(from.length), this.#entries.get(path)] as const,
    );
    this.remove(to);
    if (found !== undefined) this.#entries.set(to, found);
    for (const [rest, entry] of below) if (entry !== undefined) this.#entries.set(to + rest, entry);
    this.remove(from);
  }

  /** Undefined: there is no such directory. */
  namesIn(path: string): string[] | undefined {
    if (!this.isDirectory(path)) return undefined;
    const found = this.at(path);
    return this.over(path, found && 'real' in found ? real.readdirSync(found.real) : []);
  }

  /** What has become of the names that were in a directory. */
  over(path: string, before: readonly string[]): string[] {
    const names = new Set(before);
    for (const [other, entry] of this.#entries) {
      if (dirname(other) !== path || other === path) continue;
      if ('gone' in entry) names.delete(basename(other));
      else names.add(basename(other));
    }
    return [...names];
  }

  /** Whether it is what the disk, or the kernel, says of it; below it something may be another. */
  isAsItWas(path: string): boolean {
    const found = this.at(path);
    return found !== undefined && 'real' in found && found.real === path;
  }

  /** Nothing was made, moved or removed there, above or below: who asks the disk hears the truth. */
  isUntouched(path: string): boolean {
    return this.isAsItWas(path) && this.#below(path).length === 0;
  }

  #below(path: string): string[] {
    const start = join(path, '/');
    return [...this.#entries.keys()].filter((other) => other.startsWith(start));
  }
}

function contentOf(found: Found): Buffer {
  return found && 'real' in found ? real.readFileSync(found.real) : Buffer.alloc(0);
}
