import { closeSync, createReadStream, fstatSync, openSync, type ReadStream } from 'node:fs';
import { kernelReason, TinyrunError } from '../errors.ts';

const CHUNK = 1 << 18;

/** An archive to read: a file, or standard input where there is none. @throws TinyrunError USAGE */
export function openInput(path: string | undefined): ReadStream {
  if (path === undefined) return createReadStream('', { fd: 0, highWaterMark: CHUNK });
  const fd = open(path);
  if (!fstatSync(fd).isDirectory()) return createReadStream('', { fd, highWaterMark: CHUNK });
  closeSync(fd);
  throw new TinyrunError('USAGE', `read ${path}: is a directory`, {
    hint: `an archive is expected: tar -C ${path} -c . makes one of a directory`,
  });
}

function open(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    throw new TinyrunError('USAGE', `open ${path}: ${kernelReason(cause).replace(/^\w+: /, '')}`, {
      cause,
      hint: 'the archive must exist and be readable; - is standard input where a name is expected',
    });
  }
}
