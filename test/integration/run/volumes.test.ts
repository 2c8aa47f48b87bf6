// Volumes: made, filled from the image once, shared, kept, and removed with whoever they belong to.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { VolumeStore } from '../../../src/volume/store.ts';
import { Sandbox } from '../../support/sandbox.ts';

const sandbox = new Sandbox();
const data = path.join(sandbox.dir, 'data');
let deep = '/fill';
afterAll(() => sandbox.close());

/** The image has something to fill a volume with, and a link that leads to the host's names. */
beforeAll(async () => {
  const layer = await sandbox.layer();
  mkdirSync(path.join(layer, 'fill/sub'), { recursive: true });
  writeFileSync(path.join(layer, 'fill/set-uid'), 'x');
  chmodSync(path.join(layer, 'fill/set-uid'), 0o4755);
  execFileSync('setfattr', ['-n', 'user.note', '-v', 'kept', path.join(layer, 'fill/set-uid')]);
  execFileSync('mknod', ['-m', '640', path.join(layer, 'fill/null'), 'c', '1', '3']);
  symlinkSync('../../../../etc/passwd', path.join(layer, 'fill/sub/link'));
  linkSync(path.join(layer, 'fill/set-uid'), path.join(layer, 'fill/sub/same'));
  chmodSync(path.join(layer, 'fill'), 0o1770);
  for (let depth = 0; depth < 60; depth++) deep += '/d';
  mkdirSync(path.join(layer, deep), { recursive: true });
  symlinkSync(sandbox.canary, path.join(layer, 'out'));
});

async function out(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await sandbox.tinyrun(args);
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
  return stdout;
}
const sh = (script: string, ...flags: string[]) =>
  out('run', '--rm', ...flags, 'busybox', 'sh', '-c', script);
const volumes = async () => (await out('volume', 'ls', '-q')).split('\n').filter(Boolean);

test('what one container writes another reads, and no other than its own names one', async () => {
  await sh('echo kept > /test/file', '-v', 'testvol:/test');
  expect(await out('volume', 'ls')).toBe('DRIVER    VOLUME NAME\nlocal     testvol\n');
  expect(await out('run', '--rm', '-v', 'testvol:/test', 'busybox', 'ls', '/test')).toBe('file\n');
  const { code, stderr } = await sandbox.sh(['-v', 'testvol:/test:ro'], 'echo > /test/file');
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('Read-only') });
  expect(JSON.parse(await out('volume', 'inspect', 'testvol'))).toMatchObject([
    {
      Driver: 'local',
      Labels: null,
      Mountpoint: `${data}/volumes/testvol/_data`,
      Name: 'testvol',
      Options: null,
      Scope: 'local',
    },
  ]);
});

test('a new one has what the image has there, once; nocopy has nothing', async () => {
  const look = `stat -c '%a %u' /v /v/set-uid; readlink /v/sub/link; ls -d ${deep.replace('/fill', '/v')} | wc -l`;
  expect(await sh('rm -r /fill/* && echo mine > /fill/mine', '-v', 'filled:/fill')).toBe('');
  expect(await sh('ls /fill', '-v', 'filled:/fill')).toBe('mine\n');
  await sh('true', '-v', 'whole:/fill');
  expect(await sh(look, '-v', 'whole:/v')).toBe('1770 0\n4755 0\n../../../../etc/passwd\n1\n');
  const files = path.join(data, 'volumes/whole/_data');
  const noted = ['--only-values', '-n', 'user.note', path.join(files, 'set-uid')];
  expect(execFileSync('getfattr', noted, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })).toBe(
    'kept',
  );
  expect(statSync(path.join(files, 'sub/same')).ino).toBe(statSync(path.join(files, 'set-uid')).ino);
  expect(statSync(path.join(files, 'set-uid')).nlink).toBe(2);
  expect(statSync(path.join(files, 'null'))).toMatchObject({ mode: 0o20640, rdev: 0x103 });
  expect(await sh('ls /fill', '-v', 'bare:/fill:nocopy')).toBe('');
  await sh('true', '--userns', 'private', '-v', 'mapped:/fill');
  expect(statSync(path.join(data, 'volumes/mapped/_data/set-uid'))).toMatchObject({ uid: 0, mode: 0o104755 });
});

test('one that somebody was stopped at filling is filled anew, and two at once fill it once', async () => {
  const store = new VolumeStore(data);
  store.create({ name: 'half' });
  writeFileSync(path.join(store.data('half'), 'part'), '');
  chmodSync(store.data('half'), 0o1000);
  expect(await sh('ls /fill', '-v', 'half:/fill')).toBe('d\nnull\nset-uid\nsub\n');
  expect(store.read('half')?.seeded).toBe(true);
  const [one, other] = await Promise.all([
    sh('ls /fill', '-v', 'race:/fill'),
    sh('ls /fill', '-v', 'race:/fill'),
  ]);
  expect([one, other]).toEqual(Array(2).fill('d\nnull\nset-uid\nsub\n'));
});

test('what somebody was killed at while making or removing one is swept, but not what another is at', async () => {
  const [old, recent] = ['old', 'recent'].map((name) => path.join(data, 'volumes', `.tmp-${name}`));
  for (const directory of [old, recent])
    mkdirSync(path.join(directory ?? '', 'v/_data'), { recursive: true });
  utimesSync(old ?? '', 1000, 1000);
  await out('volume', 'create', 'sweeper');
  expect([existsSync(old ?? ''), existsSync(recent ?? '')]).toEqual([false, true]);
});

test('a link of the image leads to what is below its own root', async () => {
  expect(await sh('ls /out', '-v', 'led:/out')).toBe('');
  expect(readdirSync(path.join(data, 'volumes/led/_data'))).toEqual([]);
});

test('those without a name go with their container, one in use stays', async () => {
  const before = await volumes();
  await sh('true', '-v', '/anon');
  expect(await volumes()).toEqual(before);
  await out('create', '--name', 'user', '-v', 'used:/x', '-v', '/anon', 'busybox', 'true');
  const [anonymous = ''] = (await volumes()).filter((name) => /^[0-9a-f]{64}$/.test(name));
  expect(JSON.parse(await out('inspect', '-f', '{{json .Mounts}}', 'user'))).toMatchObject([
    { Type: 'volume', Name: 'used', Destination: '/x', Driver: 'local', RW: true, Propagation: '' },
    { Type: 'volume', Name: anonymous, Destination: '/anon' },
  ]);
  expect(await out('ps', '-aq', '--filter', 'volume=used')).not.toBe('');
  const refused = await sandbox.tinyrun(['volume', 'rm', 'used']);
  expect(refused).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/remove used: volume is in use - \[[0-9a-f]{64}\]/),
  });
  await out('start', 'user');
  await out('wait', 'user');
  await out('rm', '-v', 'user');
  expect((await volumes()).includes(anonymous)).toBe(false);
  expect(await out('volume', 'rm', 'used')).toBe('used\n');
  expect(await sandbox.tinyrun(['volume', 'rm', 'used'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('no such volume'),
  });
  expect(await out('volume', 'rm', '-f', 'used')).toBe('used\n');
});

test('--volumes-from: what another mounts, which stays that one’s', async () => {
  await out('create', '--name', 'lender', '-v', 'lent:/l', '-v', '/anon', '--tmpfs', '/t', 'busybox', 'true');
  expect(
    await sh('echo 1 > /l/a; echo 2 > /anon/b; mount | grep -c " /t "; true', '--volumes-from', 'lender'),
  ).toBe('0\n');
  const { code, stderr } = await sandbox.sh(
    ['--volumes-from', 'lender:ro'],
    'cat /l/a /anon/b >&2; echo > /l/a',
  );
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringMatching(/^1\n2\n.*Read-only/s) });
  await out('create', '--name', 'taker', '--volumes-from', 'lender', '-v', '/l', 'busybox', 'true');
  expect(await out('inspect', '-f', '{{json .HostConfig.VolumesFrom}}', 'taker')).toBe('["lender"]\n');
  const before = await volumes();
  await out('rm', '-v', 'lender');
  expect(await volumes()).toEqual(before);
  await out('rm', '-v', 'taker');
  expect((await volumes()).length).toBe(before.length - 1);
  const df = await out('system', 'df', '--format', '{{.Type}} {{.TotalCount}} {{.Active}}');
  expect(df).toContain(`Local Volumes ${before.length - 1} 0\n`);
});

test('prune takes those without a name, and all where it is asked to', async () => {
  await out('volume', 'prune', '-f');
  const name = (await out('volume', 'create')).trim();
  await out('volume', 'create', '--label', 'keep', 'labelled');
  expect(await out('volume', 'prune', '-f')).toBe(`Deleted Volumes:\n${name}\n\nTotal reclaimed space: 0B\n`);
  expect(await out('volume', 'prune', '-af', '--filter', 'label!=keep')).toContain('\ntestvol\n');
  expect(await volumes()).toEqual(['labelled']);
  expect(existsSync(path.join(data, 'volumes/testvol'))).toBe(false);
});

test('what a damaged container may have is not taken for unused', async () => {
  const id = (await out('create', '-v', '/anon', '-v', 'kept:/k', 'busybox', 'true')).trim();
  const all = await volumes();
  const record = path.join(data, 'containers', id, 'container.json');
  const whole = readFileSync(record);
  writeFileSync(record, '{');
  const pruned = await sandbox.tinyrun(['volume', 'prune', '-af']);
  expect(pruned).toMatchObject({ code: 1, stderr: expect.stringContaining('container.json') });
  expect((await sandbox.tinyrun(['volume', 'rm', 'kept'])).code).toBe(1);
  writeFileSync(record, whole);
  expect(await volumes()).toEqual(all);
  await out('rm', '-v', id);
});

test('a part of a volume; what is not there, and what a link leads out to, is none', async () => {
  const links =
    'mkdir -p /v/a/b; echo deep >/v/a/b/file; ln -s a/b /v/in; ln -s ../../../.. /v/out; ln -s /etc /v/etc';
  await sh(links, '-v', 'parts:/v');
  const part = (subpath: string, ...more: string[]) =>
    sandbox.tinyrun([
      ...['run', '--rm', ...more, '--mount', `type=volume,src=parts,dst=/m,volume-subpath=${subpath}`],
      ...['busybox', 'sh', '-c', 'ls /m'],
    ]);
  for (const subpath of ['a/b', 'in', './a//b/'])
    expect(await part(subpath)).toMatchObject({ code: 0, stdout: 'file\n' });
  expect(await part('a/b', '--userns', 'private')).toMatchObject({ code: 0, stdout: 'file\n' });
  for (const subpath of ['out', 'etc', 'out/etc', 'none'])
    for (const more of [[], ['--userns', 'private']])
      expect(await part(subpath, ...more)).toMatchObject({ code: 125, stdout: '' });
  for (const subpath of ['..', 'a/../../x', '/etc'])
    expect(await part(subpath)).toMatchObject({
      code: 125,
      stderr: expect.stringContaining('must be a relative path'),
    });
});

test('the local driver’s options: in memory, a directory of the host, a file system that is mounted and taken back', async () => {
  const host = path.join(sandbox.dir, 'exported');
  mkdirSync(host);
  writeFileSync(path.join(host, 'file'), 'of the host\n');
  await out(...'volume create -o type=tmpfs -o device=tmpfs -o o=size=64k,mode=711 memory'.split(' '));
  expect(await sh("stat -c %a /m; df -k /m | tail -1 | awk '{print $2}'", '-v', 'memory:/m')).toBe(
    '711\n64\n',
  );
  await out('volume', 'create', '-o', 'type=none', '-o', 'o=bind,ro', '-o', `device=${host}`, 'bound');
  expect(await sh('cat /m/file; touch /m/x 2>/dev/null || echo ro', '-v', 'bound:/m')).toBe(
    'of the host\nro\n',
  );
  expect(JSON.parse(await out('volume', 'inspect', 'bound'))[0].Options).toEqual({
    type: 'none',
    o: 'bind,ro',
    device: host,
  });
  const ram = ['--mount', 'type=volume,src=ram,dst=/m,volume-opt=type=ramfs,volume-opt=device=ramfs'];
  await out(
    'create',
    '--name',
    'rammed',
    ...ram,
    'busybox',
    'sh',
    '-c',
    'grep " /m " /proc/mounts; touch /m/x; ls /m',
  );
  for (let times = 0; times < 2; times++)
    expect(await out('start', '-a', 'rammed')).toMatch(/^\S+ \/m ramfs .*\nx\n$/);
  expect(JSON.parse(await out('inspect', 'rammed'))[0].HostConfig).toMatchObject({
    Binds: null,
    Mounts: [
      {
        Type: 'volume',
        Source: 'ram',
        Target: '/m',
        VolumeOptions: { DriverConfig: { Options: { type: 'ramfs' } } },
      },
    ],
  });
  await out('rm', 'rammed');
  expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(sandbox.dir);
  for (const options of ['foo=1', 'type=tmpfs', 'size=1m', 'type=none,device=/x'])
    expect(
      await sandbox.tinyrun([
        'volume',
        'create',
        ...options.split(',').flatMap((option) => ['-o', option]),
        'bad',
      ]),
    ).toMatchObject({ code: 1, stderr: expect.stringContaining('options of a volume') });
});

test('the files of an image, of one layer and of several, which cannot be written', async () => {
  await out(
    'create',
    '--name',
    'two',
    'busybox',
    'sh',
    '-c',
    'mkdir /more; echo two >/more/file; ln -s / /more/out',
  );
  await out('start', '-a', 'two');
  await out('commit', 'two', 'layered');
  await out('rm', 'two');
  const mounted = (spec: string, script: string) =>
    sandbox.tinyrun(['run', '--rm', '--mount', `type=image,dst=/i,${spec}`, 'busybox', 'sh', '-c', script]);
  const look = 'ls /i/bin/busybox; cat /i/more/file; touch /i/x 2>/dev/null || echo ro';
  expect(await mounted('src=busybox', look)).toMatchObject({ stdout: '/i/bin/busybox\nro\n' });
  expect(await mounted('src=layered', look)).toMatchObject({ stdout: '/i/bin/busybox\ntwo\nro\n' });
  expect(await mounted('src=layered,image-subpath=more', 'cat /i/file')).toMatchObject({ stdout: 'two\n' });
  for (const spec of ['src=layered,image-subpath=more/out', 'src=layered,image-subpath=none', 'src=nowhere'])
    expect(await mounted(spec, 'ls /i')).toMatchObject({ code: 125, stdout: '' });
  await out('create', '--name', 'user', '--mount', 'type=image,src=layered,dst=/i', 'busybox', 'true');
  expect(await sandbox.tinyrun(['rmi', 'layered'])).toMatchObject({ code: 1 });
  await out('rm', 'user');
  await out('rmi', 'layered');
  expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(sandbox.dir);
});
