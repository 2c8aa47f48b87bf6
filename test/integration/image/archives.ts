import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pack as createPack, type Headers } from 'tar-stream';
import { expect } from 'vitest';
import { Tail } from '../../../src/image/unpack/tail.ts';
import { type Unpacked, type UnpackJob, unpack } from '../../../src/image/unpack/unpack.ts';

export type Entry = Headers & { body?: string | Buffer; pax?: Record<string, string> };

/** An archive by tar-stream, which is not the reader under test. */
export async function archive(entries: readonly Entry[]): Promise<Buffer> {
  const pack = createPack();
  for (const { body = '', ...header } of entries)
    pack.entry({ mtime: new Date(1e12), ...header }, body as string);
  pack.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of pack) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/**
 * Unpacks bytes into `directory/tree`, as a layer; and once more without the threads that take plain files, which must
 * make the same of it.
 */
export async function unpackBytes(
  directory: string,
  bytes: Buffer,
  options: Partial<UnpackJob> = {},
): Promise<Unpacked> {
  const target = join(directory, 'tree');
  const other = join(directory, 'tree-one-by-one');
  mkdirSync(target, { recursive: true });
  execFileSync('cp', ['-a', target, other]);
  const slow = await settled(unpackInto(directory, other, bytes, { ...options, oneByOne: true }));
  const fast = await settled(unpackInto(directory, target, bytes, options));
  try {
    expect(fast).toEqual(slow);
    if (!('error' in fast)) expect(timedTree(target)).toEqual(timedTree(other));
  } finally {
    rmSync(other, { recursive: true });
  }
  if ('error' in fast) throw fast.error;
  return fast.unpacked;
}

const settled = (unpacking: Promise<Unpacked>) =>
  unpacking.then(
    (unpacked) => ({ unpacked }),
    (error: unknown) => ({ error }),
  );

async function unpackInto(
  directory: string,
  target: string,
  bytes: Buffer,
  options: Partial<UnpackJob>,
): Promise<Unpacked> {
  const blob = join(directory, 'blob');
  writeFileSync(blob, bytes);
  const fd = openSync(blob, 'r');
  const tail = new Tail();
  tail.grow(bytes.length);
  tail.end();
  try {
    return await unpack({ blob: fd, target, ...options }, tail);
  } finally {
    closeSync(fd);
  }
}

/** All of a tree, with the times that an archive gives: of directories that it only implies there are none. */
function timedTree(root: string): string[] {
  const find = (...args: string[]) =>
    execFileSync('find', args, { cwd: root, encoding: 'latin1' }).split('\n');
  return [
    ...find('.', '-printf', '%y %m %U:%G %l %p\n').sort(),
    ...find('.', '-type', 'f', '-printf', '%T@ %s %p\n').sort(),
    ...find('.', '-type', 'f', '-size', '-1048576k', '-exec', 'sha1sum', '{}', '+').sort(),
  ];
}

/** What a tree holds, as lines: type, mode, owner, path, and content or target. */
export function describeTree(root: string, path = ''): string[] {
  return readdirSync(join(root, path))
    .sort()
    .flatMap((name) => {
      const below = path === '' ? name : `${path}/${name}`;
      const stat = lstatSync(join(root, below));
      const mode = (stat.mode & 0o7777).toString(8);
      const line = `${kind(stat)} ${mode} ${stat.uid}:${stat.gid} ${below}${content(root, below, stat)}`;
      return stat.isDirectory() ? [line, ...describeTree(root, below)] : [line];
    });
}

type Stat = ReturnType<typeof lstatSync> & object;

function kind(stat: Stat): string {
  if (stat.isDirectory()) return 'd';
  if (stat.isSymbolicLink()) return 'l';
  if (stat.isCharacterDevice()) return `c(${Number(stat.rdev) >> 8},${Number(stat.rdev) & 0xff})`;
  if (stat.isBlockDevice()) return 'b';
  return stat.isFIFO() ? 'p' : '-';
}

function content(root: string, path: string, stat: Stat): string {
  if (stat.isSymbolicLink()) return ` -> ${readlinkSync(join(root, path))}`;
  if (!stat.isFile()) return '';
  const bytes = readFileSync(join(root, path));
  return ` ${bytes.length < 80 ? JSON.stringify(bytes.toString('latin1')) : createHash('sha1').update(bytes).digest('hex')}`;
}
