import {
  chmodSync,
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { errnoOf } from '../errors.ts';

/**
 * Calls what of node's own nearly every command calls. V8 compiles a function when it is first called, and a start-up
 * snapshot keeps what is compiled.
 */
export function callNode(): void {
  const directory = mkdtempSync(join(tmpdir(), 'tinyrun-'));
  try {
    callFs(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
  const listener = () => {};
  const other = () => {};
  const third = () => {};
  process.on('SIGTERM', listener).on('SIGTERM', other).on('SIGTERM', third);
  process.off('SIGTERM', other).off('SIGTERM', listener).off('SIGTERM', third);
  callBuffer();
}

function callBuffer(): void {
  const bytes = Buffer.from('text'.repeat(2048));
  Buffer.from(bytes.subarray(4, 12).buffer, 0, 4).readUInt32LE(0);
  Buffer.allocUnsafeSlow(4).writeUInt32LE(bytes.readUInt32LE(0), 0);
  isAbsolute(bytes.toString('latin1', 0, 4));
  Buffer.from(Buffer.from('7465', 'hex').toString('base64url'), 'latin1').toString('utf8', 0, 1);
  bytes.slice(4).readUInt32LE(4);
}

function callFs(directory: string): void {
  const below = join(directory, 'a/b');
  mkdirSync(below, { recursive: true, mode: 0o700 });
  mkdirSync(below, { recursive: true });
  mkdirSync(join(below, 'c'));
  rmdirSync(join(below, 'c'));
  const file = join(below, 'file');
  writeFileSync(file, 'text', { mode: 0o600 });
  chmodSync(file, 0o644);
  readFileSync(file, 'utf8');
  JSON.parse(`{"text":${JSON.stringify(readFileSync(file).toString('latin1'))}}`);
  readFileSync(realpathSync.native(file), 'latin1');
  const fd = openSync(`${file}.new`, 'wx', 0o600);
  writeSync(fd, Buffer.from('text'), 0);
  fstatSync(fd);
  closeSync(fd);
  renameSync(`${file}.new`, file);
  const again = openSync(file, 'r');
  readSync(again, Buffer.alloc(4), 0, 4, null);
  closeSync(again);
  symlinkSync('file', join(below, 'link'));
  readlinkSync(join(below, 'link'));
  unlinkSync(join(below, 'link'));
  readdirSync(below);
  readdirSync(below, { withFileTypes: true });
  statSync(file);
  existsSync(join(below, 'none'));
  statSync(join(below, 'none'), { throwIfNoEntry: false });
  try {
    readFileSync(join(below, 'none'), 'utf8');
  } catch (error) {
    String(errnoOf(error));
  }
}
