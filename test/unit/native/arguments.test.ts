import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { native } from '../../../src/native/index.ts';

// Every function is called with each argument replaced by each value that is wrong for some type, and with too few
// arguments. It may throw or, where the value happens to be right, fail in the kernel; it may not crash, and this
// process would go down with it. The samples are harmless: fds that are not open, paths that do not exist.

const NO_FD = 1_000_000_000;
const NO_PATH = '/nonexistent/tinyrun/x';
const bytes = () => Uint8Array.of(1, 2, 3);

const SAMPLES: Record<string, readonly unknown[]> = {
  machine: [bytes(), {}],
  checkPlan: [bytes()],
  zstdDecoder: [27],
  decodeLog: [bytes(), bytes(), { since: '', until: undefined, timestamps: false, details: false }],
  clone: [{ flags: 1n << 63n }],
  unshare: [1],
  setns: [NO_FD, 0],
  pidfdOpen: [-1, 0],
  pidfdSendSignal: [NO_FD, 0],
  unblockSignal: [10],
  streams: [{ output: NO_FD, errors: NO_FD }],
  waitPidfd: [NO_FD],
  forgetPidfd: [NO_FD],
  pollPidfd: [NO_FD],
  pollSocket: [NO_FD],
  prctl: [-1, 0, 0, 0, 0],
  pivotRoot: [NO_PATH, NO_PATH],
  mount: ['none', NO_PATH, 'none', 0, ''],
  umount: [NO_PATH, 0],
  fsopen: ['nonesuch', 0],
  fsconfig: [NO_FD, 0, 'k', 'v'],
  fsmount: [NO_FD, 0, 0],
  openTree: [NO_FD, NO_PATH, 0],
  moveMount: [NO_FD, 'x', NO_FD, 'x', 0],
  mountSetattr: [NO_FD, 'x', 0, {}],
  statfsType: [NO_PATH],
  openat2: [NO_FD, 'x', { flags: 0, mode: 0, resolve: 0 }],
  createFile: [NO_FD, 'x', 0],
  close: [NO_FD],
  dup: [NO_FD],
  setCloexec: [NO_FD, true],
  mkdirat: [NO_FD, 'x', 0],
  mknodat: [NO_FD, 'x', 0, 0, 0],
  symlinkat: ['x', NO_FD, 'x'],
  linkat: [NO_FD, 'x', NO_FD, 'x', 0],
  unlinkat: [NO_FD, 'x', 0],
  renameat2: [NO_FD, 'x', NO_FD, 'x', 0],
  readlinkat: [NO_FD, 'x'],
  fstatat: [NO_FD, 'x', 0],
  fchownat: [NO_FD, 'x', 0, 0, 0],
  fchmodat: [NO_FD, 'x', 0],
  utimensat: [NO_FD, 'x', 0n, 0n, 0],
  setxattr: [NO_FD, 'x', 'user.x', bytes()],
  getxattr: [NO_FD, 'x', 'user.x'],
  listxattr: [NO_FD, 'x'],
  removexattr: [NO_FD, 'x', 'user.x'],
  readdir: [NO_FD],
  removeTree: [NO_FD, 'x'],
  write: [NO_FD, 'x'],
  pwrite: [NO_FD, bytes(), 0],
  read: [NO_FD, 1],
  fsync: [NO_FD],
  fdatasync: [NO_FD],
  syncfs: [NO_FD],
  ftruncate: [NO_FD, 0],
  fallocate: [NO_FD, 0, 0, 0],
  flock: [NO_FD, 4],
  flockWait: [NO_FD, 4],
  ofdLock: [NO_FD, 1, false],
  cgroupWrite: [NO_FD, 'x', 'x'],
  cgroupRead: [NO_FD, 'x'],
  getWinsize: [NO_FD],
  setWinsize: [NO_FD, 1, 1],
  getTermios: [NO_FD],
  makeRaw: [NO_FD],
  restoreTermios: [NO_FD, new Uint8Array(60)],
  isatty: [NO_FD],
  connectUnix: [NO_PATH],
  listenUnix: [NO_PATH, 5],
  callUnix: [NO_PATH, 'x'],
  sendFds: [NO_FD, [NO_FD], 'x'],
  recvFds: [NO_FD, 1],
  bpfLoadDevice: [bytes()],
  bpfAttach: [NO_FD, NO_FD, 6, 0],
  bpfDetach: [NO_FD, NO_FD, 6],
  seccompCompile: [{ defaultAction: 'SCMP_ACT_NONE' }],
  seccompShrink: [bytes()],
  startTime: [-1],
  errorCode: [1],
  spawnMonitor: [bytes(), [NO_FD], NO_FD],
  fnv1a: ['x'],
  'netlink.linkList': [NO_FD],
  'netlink.addressList': [NO_FD],
};

/** Without arguments, or with such that a test of their own covers. */
const APART = new Set([
  'getpid',
  'capabilities',
  'exitNow',
  'endedPipe',
  'initExecutable',
  'layerFiles',
  'openpty',
  'socketpair',
  'netlink',
  'useSyscallError',
]);

const HOSTILE: readonly unknown[] = [
  undefined,
  null,
  true,
  'text',
  'a\0b',
  '',
  '\ud800',
  Number.NaN,
  Number.POSITIVE_INFINITY,
  0.5,
  -1e300,
  2 ** 53,
  2 ** 64,
  1n << 70n,
  -(1n << 70n),
  Symbol('s'),
  () => 1,
  [],
  [[[]]],
  [undefined, 'x', {}],
  new Array(2 ** 32 - 1),
  {},
  Object.create(null),
  new Proxy(
    {},
    {
      get: () => {
        throw new Error('thrown by a getter');
      },
    },
  ),
  new Uint8Array(0),
  new Uint16Array(4),
  new DataView(new ArrayBuffer(8)),
  detached(),
  new Date(),
  Promise.resolve(),
];

function detached(): Uint8Array {
  const array = new Uint8Array(16);
  structuredClone(array.buffer, { transfer: [array.buffer] });
  return array;
}

/** What is right for a function although it is odd: a socket of the name would be listened at, and called by the next. */
const RIGHT: Record<string, readonly unknown[]> = { listenUnix: ['text', '', '\ud800'] };

type Call = (...args: unknown[]) => unknown;
const addon = native() as unknown as Record<string, unknown>;

function functionAt(path: string): Call {
  const found = path.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], addon);
  return found as Call;
}

function attempt(call: Call, args: readonly unknown[]): unknown {
  try {
    const result = call(...args);
    if (result instanceof Promise) result.catch(() => undefined);
    return undefined;
  } catch (error) {
    return error;
  }
}

describe('hostile arguments', () => {
  test('every function is listed here', () => {
    const names = Object.keys(addon).filter((name) => typeof addon[name] === 'function');
    const nested = Object.keys(addon.netlink as object).map((name) => `netlink.${name}`);
    expect([...names, ...nested].filter((name) => !APART.has(name)).sort()).toEqual(
      Object.keys(SAMPLES).sort(),
    );
  });

  test.each(Object.entries(SAMPLES))('%s', (name, sample) => {
    const call = functionAt(name);
    expect(attempt(call, []), 'without arguments').toSatisfy(
      (error: unknown) => error instanceof TypeError || name.startsWith('netlink.'),
    );
    for (let position = 0; position < sample.length; position++)
      for (const value of HOSTILE) {
        if (RIGHT[name]?.includes(value)) continue;
        const args = sample.map((argument, i) => (i === position ? value : argument));
        const error = attempt(call, args);
        expect(error === undefined || error instanceof Error).toBe(true);
      }
  });

  test.each([
    ['openpty', ['x'], [{ rows: -1, columns: 1 }], [{ rows: 1 }], [5]],
    ['socketpair', ['x'], [-1], [1e9], [undefined]],
    ['exitNow', ['x'], [undefined], [2 ** 40], [{}]],
    ['prctl', ['x'], [3, 'x'], [2 ** 40]],
    ['useSyscallError', ['x'], [undefined], [{}]],
  ])('%s', (name, ...lists) => {
    for (const args of lists) expect(attempt(functionAt(name), args as unknown[])).toBeInstanceOf(Error);
  });

  test('methods of a machine called on something else', () => {
    const machine = Object.getPrototypeOf(machineOfNothing()) as Record<string, Call>;
    for (const name of ['run', 'runSync', 'resume', 'resumeSync', 'takeFd', 'setFd', 'takePidfd', 'close'])
      expect(() => Reflect.apply(machine[name] as Call, {}, [])).toThrow(TypeError);
  });

  test('the methods of files of a layer', () => {
    const files = native().layerFiles();
    const methods = files as unknown as Record<string, (...args: unknown[]) => unknown>;
    const how = { chown: false, always: false, umask: 0, entries: 1, bytes: 1 };
    for (const value of HOSTILE) {
      if (!(value instanceof Uint8Array)) expect(() => methods.push?.(value)).toThrow(TypeError);
      if (typeof value !== 'number' && typeof value !== 'bigint')
        expect(() => methods.take?.(value, NO_FD, 'd', 'd/', how)).toThrow(TypeError);
      expect(() => methods.take?.(0, NO_FD, 'd', 'd/', value)).toThrow();
      if (typeof value !== 'string' && !(value instanceof Uint8Array))
        expect(() => methods.settle?.(value)).toThrow(TypeError);
    }
    // more than there is, below a directory that is none
    files.push(Buffer.alloc(512));
    expect(files.take(1e9, NO_FD, 'd', 'd/', how)).toEqual({ end: 0, entries: 0, bytes: 0 });
    expect(files.digest()).toBe(createHash('sha256').update(Buffer.alloc(512)).digest('hex'));
    files.close();
    for (const method of ['push', 'take', 'settle', 'drain', 'digest'])
      expect(() => methods[method]?.(Buffer.alloc(1), NO_FD, 'd', 'd/', how)).toThrow('closed');
  });

  test('methods of a zstd decoder', () => {
    const decoder = native().zstdDecoder(27);
    const { push, close } = Object.getPrototypeOf(decoder) as Record<string, Call>;
    for (const method of [push, close])
      expect(() => Reflect.apply(method as Call, {}, [bytes(), bytes()])).toThrow(TypeError);
    const wrong = [[], [bytes()], ['x', bytes()], [bytes(), 'x'], [{}, {}], [new Uint16Array(2), bytes()]];
    for (const args of wrong) expect(() => Reflect.apply(push as Call, decoder, args)).toThrow(TypeError);
    expect(() => native().zstdDecoder(99)).toThrow(Error);
    decoder.close();
    decoder.close();
    expect(() => decoder.push(bytes(), bytes())).toThrow('closed');
  });
});

/** A machine of the empty plan: a header and no step. */
function machineOfNothing(): object {
  const plan = new Uint8Array(288).fill(0xff, 32);
  new DataView(plan.buffer).setUint32(0, 0x4c505254, true);
  new DataView(plan.buffer).setUint32(4, 1, true);
  new DataView(plan.buffer).setUint32(8, 288, true);
  new DataView(plan.buffer).setInt32(20, -1, true);
  return native().machine(plan);
}
