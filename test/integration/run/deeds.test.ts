// --explain and --trace of every verb that changes something, as one table: what is explained changes nothing, and all that is
// done then, as the trace and strace tell it, was explained.
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fullName, ListStore } from '../../../src/image/lists.ts';
import { isNamed } from '../../support/named.ts';
import { TINYRUN } from '../../support/programs.ts';
import { Sandbox } from '../../support/sandbox.ts';
import { changesOf, strace } from '../../support/system-calls.ts';

const sandbox = new Sandbox();
beforeAll(async () => {
  await sandbox.layer();
  mkdirSync(path.join(sandbox.dir, 'tree/deep'), { recursive: true });
  writeFileSync(path.join(sandbox.dir, 'tree/deep/file'), 'text');
  await ours('run', '-d', '--name', 'web', '-v', 'held:/held', 'busybox', 'sh', '-c', WILLING);
  await ours(
    'run',
    '-d',
    '--name',
    'checked',
    '--health-cmd',
    'true',
    '--health-interval',
    '1h',
    '--restart',
    'always',
    '--stop-timeout',
    '1',
    'busybox',
    'sleep',
    '1000',
  );
  await ours('run', '--name', 'ended', 'busybox', 'sh', '-c', 'echo text >/written');
  await ours('volume', 'create', 'idle');
  const digest = `sha256:${'0'.repeat(64)}`;
  const descriptor = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: 1 };
  new ListStore(file('data')).set({
    name: fullName('host/list:1'),
    members: [{ reference: fullName('host/list:1-arm'), descriptor }],
  });
  // a program and its command, both killed
  const id = (await ours('inspect', '-f', '{{.Id}}', 'checked')).trim();
  mkdirSync(file(`run/containers/${id}/execs`), { mode: 0o700 });
  symlinkSync('1:1:1:1', file(`run/containers/${id}/execs/${'0'.repeat(64)}`));
  await ours('network', 'create', 'quiet');
  await ours('tag', 'busybox', 'other:1');
  await ours('save', '-o', file('busybox.tar'), 'busybox');
  await ours('export', '-o', file('rootfs.tar'), 'ended');
});
afterAll(async () => {
  await sandbox.tinyrun(['rm', '-f', 'web', 'renamed', 'checked']);
  await sandbox.close();
});

const file = (name: string): string => path.join(sandbox.dir, name);

const WILLING = 'trap "" HUP; trap "exit 3" TERM; sleep 1000 & wait; wait';

async function ours(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await sandbox.tinyrun(args);
  expect({ args, code, stderr: code === 0 ? '' : stderr }).toEqual({ args, code: 0, stderr: '' });
  return stdout;
}

interface Deed {
  readonly by: string;
  readonly syscall: string;
  readonly why: string;
  readonly code?: string;
}

/** What is another each time: ids, pids, names that were made up. */
const anonymous = (text: string): string =>
  text
    .replaceAll(/[0-9a-f]{64}/g, 'ID')
    .replaceAll(/pidfd_open\(\d+\)/g, 'pidfd_open(PID)')
    .replaceAll(/(ingest\/[a-z]+-)[A-Za-z0-9]{6}/g, '$1XXXXXX')
    .replaceAll(/names\/[a-z]+_[a-z]+\b/g, 'names/MADE_UP');

const callsIn = ({ syscall }: Deed): string[] => anonymous(syscall).split('; ');

/** Names, kinds, sizes, modes, owners, times of change and links of all below a directory. */
function snapshot(dir: string, found: string[] = []): string[] {
  for (const name of readdirSync(dir).sort()) {
    const file = path.join(dir, name);
    const { mode, size, uid, gid, ctimeNs, mtimeNs } = lstatSync(file, { bigint: true });
    const link = lstatSync(file).isSymbolicLink() ? readlinkSync(file) : '';
    found.push([file, mode, size, uid, gid, ctimeNs, mtimeNs, link].join(' '));
    if (lstatSync(file).isDirectory()) snapshot(file, found);
  }
  return found;
}

const CGROUPS = '/proc/self/mountinfo';

/** The cgroups of this sandbox's containers, and whether they are frozen. */
function cgroupsOf(): string[] {
  const root = /^\d+ \d+ \S+ \S+ (\S+) .* - cgroup2 /m.exec(readFileSync(CGROUPS, 'utf8'))?.[1] ?? '';
  const ids = readdirSync(path.join(sandbox.dir, 'data/containers'));
  return ids.map((id) => {
    try {
      const own = path.join(root, 'tinyrun', id);
      return `${id} ${readFileSync(`${own}/cgroup.freeze`)} ${readFileSync(`${own}/cgroup.procs`)}`;
    } catch {
      return `${id} none`;
    }
  });
}

/** All that a verb could have changed. */
const world = () => [...snapshot(sandbox.dir), ...cgroupsOf()];

/** Flags behind the verb: what follows may be a program's. */
function flagged(args: readonly string[], ...flags: string[]): string[] {
  const words = ['volume', 'container', 'image', 'manifest', 'network', 'system'].includes(args[0] ?? '')
    ? 2
    : 1;
  return [...args.slice(0, words), ...flags, ...args.slice(words)];
}

async function explained(args: readonly string[]): Promise<Deed[]> {
  const before = world();
  const { code, stdout, stderr } = await sandbox.tinyrun(flagged(args, '--explain', '--json'));
  expect({ code, stderr }, `${args}`).toEqual({ code: 0, stderr: '' });
  expect(world()).toEqual(before);
  return JSON.parse(stdout).deeds;
}

async function traced(args: readonly string[]): Promise<Deed[]> {
  const { code, stderr } = await sandbox.tinyrun(flagged(args, '--trace', '--json'));
  expect(code, stderr).toBe(0);
  return stderr
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
}

/** Calls that change nothing. */
const isWait = (call: string): boolean => call.startsWith('poll(');

/** What a trace tells and nobody has explained; what failed has changed nothing. */
function unexplained(done: readonly Deed[], told: readonly Deed[]): string[] {
  const known = new Set(told.flatMap(callsIn));
  const calls = done.filter(({ code }) => code === undefined).flatMap(callsIn);
  return calls.filter((call) => !known.has(call) && !isWait(call));
}

/** In their order: each finds what the one before has left. */
const VERBS: readonly (readonly [line: string, wanted: readonly RegExp[]])[] = [
  [
    'create --name made busybox true',
    [/^mkdir\(".*\/containers\/ID", 0700\)$/, /^symlink\("ID", ".*\/made"\)/],
  ],
  ['pause web', [/^write\(".*\/cgroup\.freeze", "1"\)$/]],
  ['unpause web', [/^write\(".*\/cgroup\.freeze", "0"\)$/]],
  ['kill -s HUP web', [/^pidfd_send_signal\(pidfd_open\(PID\), SIGHUP\)$/, /sent\.log/]],
  ['update --stop-timeout 3 web', [/container\.json/]],
  ['update --health-cmd true --health-interval 2h checked', [/^sendto\(lookHealth\)$/, /\/health"\)$/]],
  ['rename web renamed', [/^symlink\("ID", ".*\/renamed"\)$/, /^unlink\(".*\/names\/web"\)$/]],
  [`cp ${file('tree')} renamed:/root`, [/^mkdir\(in_root\("\/root\/tree"\), 0755\)$/]],
  [`cp ${file('tree')} ended:/root`, [/^write\(in_root\("\/root\/tree\/deep\/file"\)\)$/]],
  [`cp renamed:/etc ${file('taken')}`, [/^open\(".*\/taken\/passwd", O_WRONLY\|O_CREAT\|O_EXCL, 0644\)$/]],
  [
    'stop -t 9 renamed',
    [
      /SIGTERM/,
      /^poll\(pidfd_open\(PID\), 9000 ms\)$/,
      /SIGKILL/,
      /^write\(".*\/cgroup\.kill", "1"\)$/,
      /^unlink\(".*\/journal\.01-start"\)$/,
    ],
  ],
  [
    'network create lan',
    [/^rename\(".*\/\.tmp-XXXXXX", ".*\/networks\/ID"\)$/, /^symlink\("ID", ".*\/lan"\)/],
  ],
  ['network rm lan', [/^unlink\(".*\/names\/lan"\)$/]],
  ['network prune -f', [/^rename\(".*\/networks\/ID", /]],
  ['volume create fresh', [/^rename\(".*\/\.tmp-XXXXXX", ".*\/volumes\/fresh"\)$/]],
  ['volume rm fresh', [/^unlinkat\(AT_FDCWD, ".*\/volumes\/\.tmp-XXXXXX", AT_REMOVEDIR\) and all below$/]],
  ['volume prune -a -f', [/^rename\(".*\/volumes\/idle", /]],
  ['tag busybox third:1', [/index\.json/]],
  ['rmi third:1', [/index\.json/]],
  [`load -i ${file('busybox.tar')}`, [/blobs/]],
  [`import ${file('rootfs.tar')} imported:1`, [/^write\(".*\/diff"\) and all below$/, /index\.json/]],
  [
    'commit ended committed:1',
    [/^write\(".*\/diff"\) and all below$/, /^rename\(".*", ".*\/blobs\/sha256\/ID"\)$/],
  ],
  [
    'rm made',
    [/^unlink\(".*\/names\/made"\)$/, /^unlinkat\(AT_FDCWD, ".*\/data\/containers\/ID", AT_REMOVEDIR\)/],
  ],
  ['manifest annotate host/list:1 host/list:1-arm --arch arm64', [/^rename\(.*\/manifests\/ID\.json"\)$/]],
  ['manifest rm host/list:1', [/^unlink\(".*\/manifests\/ID\.json"\)$/]],
  ['container prune -f --filter label=none', [/events\.log/]],
  ['image prune -f', [/index\.json/]],
  ['system prune -f --filter label=none', [/events\.log/]],
  ['system gc', [/^unlink\(".*\/execs\/ID"\)$/, /events\.log/]],
  ['system stop-all', [/SIGTERM/, /^poll\(pidfd_open\(PID\), 1000 ms\)$/, /^unlink\(".*\/restart"\)$/]],
  [
    'system start-all',
    [/^mkdir\(".*\/run\/containers\/ID", 0700\)$/, /^execveat\(tinyrun-init, .*"monitor"\]\)$/],
  ],
];

test.each(VERBS)('%s', async (line, wanted) => {
  const args = line.split(' ');
  const told = await explained(args);
  for (const pattern of wanted) expect(told.flatMap(callsIn)).toContainEqual(expect.stringMatching(pattern));
  const done = await traced(args);
  expect(unexplained(done, told)).toEqual([]);
  expect(done.filter(({ code }) => code === undefined)).not.toEqual([]);
});

test('what runs is killed first, and its monitor takes it back: rm -f, restart', async () => {
  await ours('start', 'renamed');
  const again = await explained(['restart', '-t', '0', 'renamed']);
  expect(again.filter(({ by }) => by === 'container').length).toBeGreaterThan(50);
  // each step of the plan has its reason
  expect(again.filter(({ why }) => why === '')).toEqual([]);
  expect(unexplained(await traced(['restart', '-t', '0', 'renamed']), again)).toEqual([]);
  const told = await explained(['rm', '-f', 'renamed']);
  expect(told.map(({ by }) => by)).toContain('monitor');
  const done = await traced(['rm', '-f', 'renamed']);
  expect(unexplained(done, told)).toEqual([]);
  expect(done.filter(({ by }) => by === 'monitor').flatMap(callsIn)).toContainEqual(
    expect.stringMatching(/^write\(".*\/cgroup\.kill", "1"\)$/),
  );
});

test('strace finds nothing that the explanation does not name', async () => {
  await ours('create', '--name', 'seen', 'busybox', 'true');
  for (const line of ['rename seen hidden', 'volume create seen', 'rm hidden', 'volume rm seen']) {
    const args = line.split(' ');
    const told = (await explained(args)).map(({ syscall }) => ({ text: anonymous(syscall) }));
    const log = file(`strace-${args.join('-')}`);
    expect(await sandbox.under(strace(log), TINYRUN, args)).toMatchObject({ code: 0, stderr: '' });
    const changes = changesOf(
      anonymous(readFileSync(log, 'utf8')).replaceAll(/\.tmp-[0-9a-f]{24}\b/g, '.tmp-XXXXXX'),
    );
    expect(changes.length).toBeGreaterThan(3);
    const unnamed = changes.filter((change) => !told.some((naming) => isNamed(change, naming, '')));
    expect(unnamed.map((change) => change.line)).toEqual([]);
  }
});

test('what the verb refuses is refused in its words, and nothing is told', async () => {
  for (const args of [
    ['rm', 'nobody'],
    ['unpause', 'ended'],
    ['kill', 'ended'],
    ['rename', 'ended', 'ended'],
    ['volume', 'rm', 'held-not'],
    ['update', '--memory', '3m', 'ended'],
    ['stop', '-s', 'NOSUCH', 'ended'],
    ['rmi', 'nobody:1'],
    ['cp', '/etc/hosts', 'ended:/no/where'],
  ]) {
    const real = await sandbox.tinyrun(args);
    expect(real.code, `${args}`).not.toBe(0);
    const { code, stderr } = await sandbox.tinyrun(flagged(args, '--explain'));
    expect({ code, stderr }).toEqual({ code: real.code, stderr: real.stderr });
  }
});

test('a prune says what would go, and how large it is', async () => {
  const id = (await ours('inspect', '-f', '{{.Id}}', 'ended')).trim();
  const stdout = await ours('container', 'prune', '--explain');
  expect(stdout).toMatch(
    new RegExp(`^Containers to be deleted:\n${id}  \\d+B\n\nTotal reclaimable space: \\d+B\n`),
  );
  expect(stdout).toMatch(/\n\d+ deeds: \d+ by this command\n$/);
  expect(await ours('inspect', '-f', '{{.Name}}', 'ended')).toBe('/ended\n');
});

test('a trace is a line each on standard error, with result and time; the answer is as ever', async () => {
  const { code, stdout, stderr } = await sandbox.tinyrun(['rm', '--trace', 'ended']);
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'ended\n' });
  expect(stderr).toMatch(/^ +\d+ {2}command +[\d.]+ µs {2}ok {4}unlink\(".*\/names\/ended"\)$/m);
  expect(stderr).toMatch(/\n\d+ deeds in [\d.]+ µs\n$/);
});

test('run, start and exec trace what is done around their plans, and what a monitor has run', async () => {
  const run = await sandbox.tinyrun([
    'run',
    '-d',
    '--trace',
    '--name',
    'watched',
    'busybox',
    'sleep',
    '1000',
  ]);
  expect(run.code, run.stderr).toBe(0);
  for (const pattern of [
    /command +[\d.]+ µs {2}ok {4}symlink\(".*\/names\/watched"\)$/m,
    /command +[\d.]+ µs {2}ok {4}clone3\(.*"monitor"/m,
    /container +ok {4}fchdir\(root\); pivot_root/m,
  ])
    expect(run.stderr).toMatch(pattern);
  const exec = await sandbox.tinyrun(['exec', '--trace', 'watched', 'true']);
  expect(exec.stderr).toMatch(/ok {4}execve\("true"/);
  expect(exec.stderr).toMatch(/command +[\d.]+ µs {2}ok {4}open\(".*\/events\.log"/);
  const kept = await sandbox.tinyrun(['exec', '-d', '--trace', 'watched', 'sleep', '1000']);
  expect(kept).toMatchObject({ code: 0, stdout: '' });
  expect(kept.stderr).toMatch(/command +[\d.]+ µs {2}ok {4}clone3\(.*"monitor"/m);
  expect(kept.stderr).toMatch(/container +ok {4}execve\("sleep"/m);
  await ours('rm', '-f', 'watched');
});
