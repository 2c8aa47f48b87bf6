import { resolve } from 'node:path';
import { TinyrunError } from '../../errors.ts';

// docker cp's rules of names: what is copied where. Pure.

/** A path as it is written, which says more than where it leads. */
export interface Written {
  /** Without slashes and dots at its end; '' for the root. */
  readonly path: string;
  /** `a/.`: what is in it, not itself. */
  readonly contents: boolean;
  /** `a/` and `a/.`: it must be a directory. */
  readonly directory: boolean;
}

export function readWritten(text: string): Written {
  const contents = text === '.' || text.endsWith('/.');
  const path = text.replace(/(?:^|\/)\.$/, '').replace(/\/+$/, '');
  return { path, contents, directory: contents || text.endsWith('/') };
}

export interface Source extends Written {
  /** The last part of its path; '' for the root. */
  readonly base: string;
  readonly is: 'directory' | 'other';
}

export interface Target extends Written {
  readonly base: string;
  readonly is: 'directory' | 'other' | 'missing';
}

/** Below the target itself, or in the directory it is in; `name` '' is what is in the source, without itself. */
export interface Destination {
  readonly inside: boolean;
  readonly name: string;
}

/** @throws TinyrunError USAGE in Docker's words */
export function destinationOf(source: Source, target: Target): Destination {
  const refuse = (problem: string) =>
    new TinyrunError('USAGE', problem, {
      hint: 'a directory goes into a directory or to a new name; /. behind it stands for what is in it',
    });
  if (source.directory && source.is !== 'directory') throw refuse(`${source.path}: not a directory`);
  if (target.is === 'directory')
    return { inside: true, name: source.contents || source.base === '' ? '' : source.base };
  if (target.is === 'other' && source.is === 'directory') throw refuse('cannot copy directory');
  if (target.is === 'other' && target.directory) throw refuse(`${target.path}: not a directory`);
  if (target.is === 'missing' && target.directory && source.is !== 'directory')
    throw refuse('no such directory');
  return { inside: false, name: target.base };
}

/** `CONTAINER:PATH`, or a path of the host: one that has no colon, or begins with a slash or a dot; `-` is a stream. */
export function readOperand(text: string): { container?: string; path: string } {
  if (text.startsWith('/')) return { path: text };
  const colon = text.indexOf(':');
  if (colon < 0 || text.startsWith('.')) return { path: text };
  return { container: text.slice(0, colon), path: text.slice(colon + 1) };
}

/** An absolute path of the host that ends as it is written. */
export const hostPath = (text: string, cwd: string): string =>
  `${resolve(cwd, text)}${/\/\.$|^\.$/.test(text) ? '/.' : text.endsWith('/') ? '/' : ''}`;
