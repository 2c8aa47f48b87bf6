// What takes the write of a cgroup file back: another write, of what was there before. Pure: the runtime reads the files.

/** A write as it was asked for: `io.max`, "7:0 rbps=1048576". */
export interface FileWrite {
  readonly file: string;
  readonly value: string;
  /** A file that means the same, of which a kernel may have one, the other, or both. */
  readonly or?: FileWrite;
}

type Before = (file: string) => string | undefined;

/** Of files with a line for each device or resource, cgroup-v2.rst: those whose line is one value … */
const FLAT = ['io.weight', 'io.bfq.weight', 'misc.max'];
/** … and those whose line is pairs of a name and a value. */
const NESTED = ['io.max', 'io.latency', 'rdma.max'];

/** What follows a key in a file of lines, split at blanks; nothing when there is no such line. */
function lineOf(text: string, key: string): string[] {
  const line = text.split('\n').find((each) => each.startsWith(`${key} `));
  return line === undefined ? [] : line.trim().split(/\s+/).slice(1);
}

function flat(value: string, before: string): string {
  const words = value.trim().split(/\s+/);
  const key = words.length === 1 ? 'default' : (words[0] ?? '');
  return `${key} ${lineOf(before, key)[0] ?? (key.includes(':') ? 'default' : 'max')}`;
}

function nested(value: string, before: string): string {
  const [key = '', ...pairs] = value.trim().split(/\s+/);
  const then = lineOf(before, key);
  const restored = pairs.map((pair) => {
    const name = pair.slice(0, pair.indexOf('=') + 1);
    // A line that is not there is one without limits.
    return then.find((each) => each.startsWith(name)) ?? `${name}${name === 'target=' ? '0' : 'max'}`;
  });
  return [key, ...restored].join(' ');
}

/** Lines of io.bfq.weight that are of a disk: the kernel drops them when the default is written. */
export const ofDisks = (weights: string): string[] =>
  weights.split('\n').filter((line) => /^\d+:\d+ /.test(line));

/** What to write, one after the other, for a file to have again what it had; `before` is its text then. */
export function putBack({ file, value }: FileWrite, before: string): string[] {
  if (NESTED.includes(file)) return [nested(value, before)];
  if (FLAT.includes(file)) {
    const line = flat(value, before);
    return [line, ...(file === 'io.bfq.weight' && line.startsWith('default ') ? ofDisks(before) : [])];
  }
  // A write of no bytes does not reach the kernel: a list that was empty is a line that is empty.
  return [before.trim() || '\n'];
}

function putBackEither(write: FileWrite, before: Before): FileWrite[] {
  const text = before(write.file);
  const [other, ...more] = write.or === undefined ? [] : putBackEither(write.or, before);
  const [first, ...rest] = text === undefined ? [] : putBack(write, text);
  if (first === undefined) return other === undefined ? [] : [other, ...more];
  const { file } = write;
  const both = { file, value: first, ...(other === undefined ? {} : { or: other }) };
  return [both, ...rest.map((value) => ({ file, value })), ...more];
}

/**
 * The writes that take `done` back, last first, so that limits that depend on each other are met in an order that was
 * legal before; `before` answers the text of a file then, undefined for one that cannot be read.
 */
export function putBackAll(done: readonly FileWrite[], before: Before): FileWrite[] {
  const idled = done.some(({ file }) => file === 'cpu.idle');
  const writes = [...done]
    .reverse()
    .filter(({ file }) => !(idled && file === 'cpu.weight'))
    .flatMap((write) => putBackEither(write, before));
  // The weight of a group that is idle is fixed, and the default once it is not any more.
  const weight = idled && before('cpu.idle')?.trim() === '0' ? before('cpu.weight') : undefined;
  return weight === undefined ? writes : [...writes, { file: 'cpu.weight', value: weight.trim() }];
}
