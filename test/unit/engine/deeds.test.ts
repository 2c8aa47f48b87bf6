import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type Deed, Teller, type Told } from '../../../src/engine/deeds/deed.ts';
import { meaningOf } from '../../../src/engine/deeds/meaning.ts';
import { HARMLESS } from '../../../src/engine/deeds/stand-in-addon.ts';
import { changes } from '../../../src/engine/deeds/stand-in-changes.ts';
import { Descriptors, looks } from '../../../src/engine/deeds/stand-in-files.ts';
import { ADDON, FILES, openFlags } from '../../../src/engine/deeds/tellings.ts';
import { bytesOf, content, World } from '../../../src/engine/deeds/world.ts';

const dir = mkdtempSync(join(tmpdir(), 'tinyrun-deeds-'));
mkdirSync(join(dir, 'a/b'), { recursive: true });
writeFileSync(join(dir, 'a/b/file'), 'disk');
symlinkSync('file', join(dir, 'a/b/link'));
afterAll(() => rmSync(dir, { recursive: true }));
const at = (name: string) => join(dir, name);

describe('a world', () => {
  test('is the disk, but for what was made, moved and removed', () => {
    const world = new World();
    world.make(at('a/new'), { is: 'directory' });
    world.make(at('a/new/one'), content(Buffer.from('1')));
    world.move(at('a/b'), at('a/moved'));
    expect(world.namesIn(at('a'))?.sort()).toEqual(['moved', 'new']);
    expect(world.at(at('a/moved/file'))).toEqual({ real: at('a/b/file') });
    expect(world.has(at('a/b/file'))).toBe(false);
    expect(bytesOf(world.fileAt(at('a/moved/file'))).toString()).toBe('disk');
    world.remove(at('a'));
    for (const name of ['a', 'a/new/one', 'a/moved/file']) expect(world.has(at(name))).toBe(false);
    // made again it has nothing in it
    world.make(at('a'), { is: 'directory' });
    expect(world.namesIn(at('a'))).toEqual([]);
    expect(world.has(at('a/b/file'))).toBe(false);
  });

  test('moves with what was made in it, and away from there', () => {
    const world = new World();
    world.make(at('t'), { is: 'directory' });
    world.make(at('t/x'), content(Buffer.from('x')));
    world.move(at('t'), at('u'));
    expect([world.has(at('t/x')), world.has(at('u/x'))]).toEqual([false, true]);
    expect([world.isUntouched(at('a')), world.isUntouched(dir), world.isAsItWas(dir)]).toEqual([
      true,
      false,
      true,
    ]);
  });
});

describe('node:fs of a rehearsal', () => {
  const stage = () => {
    const world = new World();
    const fds = new Descriptors();
    // biome-ignore lint/suspicious/noExplicitAny: as loose as node:fs
    return { ...looks(world, fds), ...changes(world, fds) } as Record<string, (...args: any[]) => any>;
  };
  const codeOf = (act: () => unknown): unknown => {
    try {
      act();
      return 'none';
    } catch (error) {
      return (error as { code?: string }).code;
    }
  };

  test('fails as the kernel does', () => {
    const { mkdirSync, openSync, renameSync, rmdirSync, symlinkSync, unlinkSync, readdirSync } = stage();
    expect([
      codeOf(() => mkdirSync?.(at('a'))),
      codeOf(() => mkdirSync?.(at('none/below'))),
      codeOf(() => openSync?.(at('a/b/file'), 'wx')),
      codeOf(() => openSync?.(at('none'), 'r')),
      codeOf(() => renameSync?.(at('none'), at('some'))),
      codeOf(() => rmdirSync?.(at('a'))),
      codeOf(() => symlinkSync?.('x', at('a/b/link'))),
      codeOf(() => unlinkSync?.(at('none'))),
      codeOf(() => readdirSync?.(at('none'))),
    ]).toEqual([
      ...['EEXIST', 'ENOENT', 'EEXIST', 'ENOENT', 'ENOENT'],
      ...['ENOTEMPTY', 'EEXIST', 'ENOENT', 'ENOENT'],
    ]);
  });

  test('reads what was written, by name and by descriptor; the disk has none of it', () => {
    const fs = stage();
    const fd = fs.openSync?.(at('fresh'), 'wx', 0o600);
    fs.writeSync?.(fd, 'some ');
    fs.writeSync?.(fd, Buffer.from('text'));
    expect(fs.fstatSync?.(fd).size).toBe(9);
    expect(fs.fstatSync?.(fd).ino).toBe(fs.statSync?.(at('fresh')).ino);
    fs.closeSync?.(fd);
    fs.renameSync?.(at('fresh'), at('a/b/file'));
    expect(fs.readFileSync?.(at('a/b/file'), 'utf8')).toBe('some text');
    const again = fs.openSync?.(at('a/b/file'), 'r');
    const piece = Buffer.alloc(4);
    expect([fs.readSync?.(again, piece), piece.toString()]).toEqual([4, 'some']);
    expect([fs.readSync?.(again, piece, 0, 4, 5), piece.toString()]).toEqual([4, 'text']);
    fs.closeSync?.(again);
    const fresh = stage();
    expect(fresh.existsSync?.(at('fresh'))).toBe(false);
    expect(fresh.readFileSync?.(at('a/b/file'), 'utf8')).toBe('disk');
    expect(
      fs.readdirSync?.(dir, { withFileTypes: true }).map((entry: { name: string }) => entry.name),
    ).toEqual(['a']);
  });
});

test('what belongs together is told as one', () => {
  const heard: Deed[] = [];
  const teller = new Teller((deed) => heard.push(deed));
  const tell = (syscall: string, more: Partial<Told> = {}) =>
    teller.tell({ by: 'command', syscall, why: '', ...more });
  const temporary = '/d/.tmp-0123456789abcdef01234567';
  tell(`open("${temporary}", O_CREAT)`, { file: temporary, ns: 1 });
  tell(`write("${temporary}")`, { file: temporary, ns: 2 });
  tell(`write("${temporary}")`, { file: temporary, ns: 3 });
  tell(`rename("${temporary}", "/d/f")`, { file: '/d/f', from: temporary, why: 'it', ns: 4 });
  tell('open("/log")', { file: '/log' });
  tell('write("/log")', { file: '/log' });
  tell('open("/log")', { file: '/log' });
  tell('rmdir("/x")', { code: 'ENOENT' });
  tell('rmdir("/x")');
  teller.flush();
  expect(heard).toEqual([
    {
      by: 'command',
      syscall: 'open(temporary, O_CREAT); write(temporary); rename(temporary, "/d/f")',
      why: 'it',
      ns: 10,
    },
    { by: 'command', syscall: 'open("/log"); write("/log")', why: '' },
    { by: 'command', syscall: 'open("/log")', why: '' },
    { by: 'command', syscall: 'rmdir("/x")', why: '', code: 'ENOENT' },
    { by: 'command', syscall: 'rmdir("/x")', why: '' },
  ]);
});

test('a place says what it is for', () => {
  const roots = { dataRoot: '/data', runRoot: '/run' };
  const id = 'ab'.repeat(32);
  for (const [path, meaning] of [
    [`/data/containers/${id}/container.json`, 'its record: what it was asked to be, and what came of it'],
    [`/run/containers/${id}`, 'what is true of it until its end'],
    ['/data/names/web', 'a name, which one container has'],
    ['/data/volumes/v/_data', 'the files of the volume'],
    ['/sys/fs/cgroup/tinyrun/x', 'its cgroup'],
    ['/home/x', ''],
    ['/database', ''],
  ] as const)
    expect(meaningOf(roots, path)).toBe(meaning);
});

test('flags as node writes them are numbers', () => {
  expect(['r', 'r+', 'w', 'wx', 'a+'].map((text) => openFlags(text))).toEqual([0, 2, 0o1101, 0o1301, 0o2102]);
});

describe('nothing of ours changes the system unseen', () => {
  const SRC = join(import.meta.dirname, '../../../src');
  const sources = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !/^(?:boot|engine\/deeds)\//.test(name))
    // what an example above a function does is its reader's
    .map((name) => [name, readFileSync(join(SRC, name), 'utf8').replace(/^ *\* .*$/gm, '')] as const);
  const found = (pattern: RegExp) => [
    ...new Set(sources.flatMap(([, text]) => [...text.matchAll(pattern)].map(([, name = '']) => name))),
  ];

  test('by node:fs', () => {
    const named = found(/import \{([^}]*)\} from 'node:fs'/g).flatMap((names) => names.split(','));
    const used = named.map((name) => name.trim()).filter((name) => name !== '' && !name.startsWith('type '));
    const known = [...Object.keys(FILES), ...Object.keys(looks(new World(), new Descriptors()))];
    expect(used.filter((name) => !known.includes(name))).toEqual(
      expect.arrayContaining(['closeSync', 'constants']),
    );
    // these change nothing, or only what this process has open
    const harmless = ['closeSync', 'constants', 'realpathSync', 'fsyncSync', 'fsync'];
    expect([...new Set(used)].filter((name) => ![...known, ...harmless].includes(name))).toEqual([]);
  });

  test('by another module', () => {
    expect(found(/'(node:fs\/promises|node:dgram|node:cluster)'/g)).toEqual([]);
    // those of a monitor's socket (sockets.ts), a registry, systemd, a library's streams
    expect(
      sources
        .filter(([, text]) => /'node:net'/.test(text))
        .map(([name]) => name)
        .sort(),
    ).toEqual([
      ...['image/registry/proxy.ts', 'image/registry/tunnel.ts', 'library/ends.ts'],
      ...['runtime/dbus/connection.ts', 'runtime/monitor/attach.ts'],
    ]);
    const programs = sources
      .filter(([, text]) => text.includes("'node:child_process'"))
      .map(([name]) => name);
    // they ask: ps, the compiler of a profile, the host's facts, a terminal; or are a registry's, or tinyrunc's
    expect(programs.sort()).toEqual([
      ...['cli/output/ask.ts', 'engine/apparmor.ts', 'engine/doctor/gather.ts'],
      ...[
        'image/registry/helper.ts',
        'network/diagnose/nft.ts',
        'network/firewall/foreign.ts',
        'network/firewall/nft.ts',
        'runtime/hooks.ts',
        'runtime/ps.ts',
      ],
    ]);
  });

  test('by the addon', () => {
    // rehearsed by who stands in, and watched where anything is done: processes, monitors, plans, locks, and what looks
    const staged =
      `pidfdOpen startTime pollPidfd waitPidfd forgetPidfd machine spawnMonitor recvFds sendFds pollSocket callUnix close flock flockWait ofdLock openat2
      fstatat readlinkat read readdir getxattr listxattr fsconfig fsync fdatasync syncfs`.split(/\s+/);
    // of a terminal that is ours, of clients' sockets, of unpacking, which is a thread's, of a look into a container's network
    const ours = [
      'makeRaw',
      'restoreTermios',
      'setWinsize',
      'connectUnix',
      'layerFiles',
      'decodeLog',
      'setns',
    ];
    const used = found(/native\(\)\s*\.(\w+)/g);
    const known = [...Object.keys(ADDON), ...HARMLESS, ...staged, ...ours];
    expect(used.filter((name) => !known.includes(name))).toEqual([]);
  });
});
