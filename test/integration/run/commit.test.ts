// Images of what containers have written. What the layer is to hold is layer.md's, what the config is Docker 20.10's.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { RunningContainer } from '../../support/running.ts';
import { Sandbox } from '../../support/sandbox.ts';

const sandbox = new Sandbox();
afterAll(() => sandbox.close());
afterEach(() => sandbox.checkHost());

const ours = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await sandbox.tinyrun(args);
  if (code !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
  return stdout;
};

const refused = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await sandbox.tinyrun(args);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  return stderr.split('\n')[0] ?? '';
};

interface Document {
  readonly config: { readonly Volumes?: object; readonly Labels?: object };
  readonly history: readonly object[];
}

describe('what is in the image', () => {
  const CHANGE = `
    set -e
    mkdir -p /x/y /opaque; echo hi >/x/y/f; ln /x/y/f /x/g; ln -s f /x/y/l; mkfifo /x/p
    rm /bin/ls; rm -rf /var; mkdir /var; echo v >/var/v; rm -rf /home; rm -rf /usr; mkdir -p /usr/bin; echo in >/vol/data; echo out >/bind/me/too
    chown 7:8 /x/g; chmod 4751 /x/g; touch /root/t; rm /root/t`;
  let listing = '';

  beforeAll(async () => {
    const bind = path.join(sandbox.dir, 'bind');
    mkdirSync(bind);
    const kept = ['--expose', '80', '--health-cmd', 'true', '--health-retries', '2'];
    const mounts = ['-v', '/vol', '-v', 'named:/n/v', '-v', `${bind}:/bind/me`, '--tmpfs', '/t/m'];
    await ours(
      'run',
      '--name',
      'one',
      ...kept,
      ...mounts,
      '-l',
      'a=b',
      '-e',
      'A=1',
      'busybox',
      'sh',
      '-c',
      CHANGE,
    );
    const id = (
      await ours('commit', '-a', 'me', '-m', 'why', '-c', 'ENV B=$A:2', 'one', 'made/of:one')
    ).trim();
    expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect((await ours('images', '-q', '--no-trunc', 'made/of:one')).trim()).toBe(id);
    const archive = path.join(sandbox.dir, 'one.tar');
    await ours('save', '-o', archive, 'made/of:one');
    execFileSync('tar', ['-C', sandbox.dir, '-xf', archive]);
    const [{ Layers, Config }] = JSON.parse(readFileSync(path.join(sandbox.dir, 'manifest.json'), 'utf8'));
    listing = execFileSync('tar', ['-tvf', path.join(sandbox.dir, Layers.at(-1))], { encoding: 'utf8' });
    document = JSON.parse(readFileSync(path.join(sandbox.dir, Config), 'utf8'));
  });
  let document: Document;

  test('a layer: what is new and changed, what was removed, and nothing of ours or of a mount', () => {
    const entries = listing
      .trim()
      .split('\n')
      .map((line) => line.replace(/^(\S+) +(\S+) +.*?\d\d:\d\d(?::\d\d)? /, '$1 $2 '));
    expect(entries).toEqual([
      'drwxr-xr-x 0/0 bin/',
      '-rw-r--r-- 0/0 bin/.wh.ls',
      '-rw-r--r-- 0/0 .wh.home',
      'drwxr-xr-x 0/0 opaque/',
      'drwxr-xr-x 0/0 usr/',
      '-rw-r--r-- 0/0 usr/.wh..wh..opq',
      'drwxr-xr-x 0/0 usr/bin/',
      'drwxr-xr-x 0/0 var/',
      '-rw-r--r-- 0/0 var/.wh..wh..opq',
      '-rw-r--r-- 0/0 var/v',
      'drwxr-xr-x 0/0 x/',
      '-rwsr-x--x 7/8 x/g',
      'prw-r--r-- 0/0 x/p',
      'drwxr-xr-x 0/0 x/y/',
      'hrwsr-x--x 7/8 x/y/f link to x/g',
      'lrwxrwxrwx 0/0 x/y/l -> f',
    ]);
  });

  test('diff tells of what is hidden below what was made anew', async () => {
    expect(await ours('diff', 'one')).toContain('C /usr\nC /usr/bin\nD /usr/bin/env\n');
  });

  test('a config: what the container was, then the changes', () => {
    expect(document.config).toEqual({
      Env: [expect.stringMatching(/^PATH=/), 'A=1', 'B=1:2'],
      Cmd: ['sh', '-c', CHANGE],
      Labels: { a: 'b' },
      ExposedPorts: { '80/tcp': {} },
      Healthcheck: { Test: ['CMD-SHELL', 'true'], Retries: 2 },
      Volumes: { '/vol': {} },
    });
    expect(document.history.at(-1)).toEqual({
      created: expect.any(String),
      created_by: `sh -c ${CHANGE}`,
      author: 'me',
      comment: 'why',
    });
  });

  test('which runs, and goes on when its parent and its container are gone', async () => {
    await ours('rm', '-v', 'one');
    await ours('rmi', 'busybox');
    const script =
      'cat /x/g /var/*; test ! -e /home; busybox stat -c "%h %a %u:%g" /x/y/f; echo $B; test ! -e /bin/ls || echo ls';
    expect(await ours('run', '--rm', 'made/of:one', 'sh', '-c', script)).toBe('hi\nv\n2 4751 7:8\n1:2\n');
  });
});

describe('a commit', () => {
  test('of a running container stands it still, and lets it go on', async () => {
    const running = await RunningContainer.start(
      sandbox,
      'runs',
      'busybox',
      'sh',
      '-c',
      'echo a >/f; sleep 1000',
    );
    try {
      const id = (await ours('commit', 'runs')).trim();
      expect((await running.state()).Status).toBe('running');
      expect(await ours('run', '--rm', id, 'cat', '/f')).toBe('a\n');
      expect((await ours('images', '-q', '--no-trunc', '--filter', 'dangling=true')).trim()).toBe(id);
      await ours('pause', 'runs');
      await ours('commit', '--pause=false', '-c', 'CMD ["true"]', 'runs', 'again');
      await ours('commit', '-c', 'CMD ["cat", "/f"]', 'runs', 'again');
      expect((await running.state()).Status).toBe('paused');
      expect(await ours('run', '--rm', 'again')).toBe('a\n');
      await ours('unpause', 'runs');
    } finally {
      await running.end();
    }
  });

  test('of what wrote nothing has no layer more', async () => {
    await ours('create', '--name', 'still', 'busybox', 'true');
    await ours('commit', 'still', 'still');
    const layers = (name: string) => ours('inspect', '-f', '{{json .RootFS.Layers}}', name);
    expect(await layers('still:latest')).toBe(await layers('busybox'));
  });

  test('with a user namespace has the ids of the image', async () => {
    const script = 'echo >/f; chown 7:8 /f; chmod 600 /f; mkdir /d';
    await ours('run', '--name', 'mapped', '--userns', 'private', 'busybox', 'sh', '-c', script);
    await ours('commit', 'mapped', 'mapped');
    expect(await ours('run', '--rm', 'mapped', 'stat', '-c', '%u:%g %a', '/f', '/d')).toBe(
      '7:8 600\n0:0 755\n',
    );
  });

  test('that cannot be leaves nothing', async () => {
    await ours('create', '--name', 'whole', 'busybox', 'true');
    const images = await ours('images', '-aq');
    expect(await refused('commit', 'nobody')).toContain('no such container: nobody');
    expect(await refused('commit', 'whole', 'Upper')).toContain('must be lowercase');
    expect(await refused('commit', '-c', 'RUN x', 'whole')).toContain('run is not a valid change command');
    await ours('run', '--name', 'named', 'busybox', 'touch', '/.wh.x');
    expect(await refused('commit', 'named')).toContain('/.wh.x: in a layer such a name');
    expect(await ours('images', '-aq')).toBe(images);
  });

  test('of directories far below where any path leads: as deep as a layer may be, diff and export further', async () => {
    const dig = (depth: number) => `i=0; while [ $i -lt ${depth} ]; do mkdir d; cd d; i=$((i+1)); done`;
    const ends = async (verb: string, ...args: string[]) => {
      const { code, stderr } = await sandbox.tinyrun([verb, ...args]);
      return code === 0
        ? 'well'
        : (/^tinyrun: "[d/]{80}"… is (more than \d+ directories deep)\nhint: /.exec(stderr)?.[1] ?? stderr);
    };
    const file = path.join(sandbox.dir, 'deep.tar');
    for (const [depth, commit, others] of [
      [250, 'well', 'well'],
      [750, 'more than 256 directories deep', 'well'],
      [3000, 'more than 256 directories deep', 'more than 800 directories deep'],
    ] as const) {
      await ours('run', '--name', 'deep', 'busybox', 'sh', '-c', dig(depth));
      expect(await ends('commit', 'deep')).toBe(commit);
      expect(await ends('diff', 'deep')).toBe(others);
      expect(await ends('export', '-o', file, 'deep')).toBe(others);
      await ours('rm', 'deep');
    }
  });

  test('of one whose image is gone says what can be done', async () => {
    writeFileSync(path.join(sandbox.dir, 'Empty'), '');
    await ours('commit', '-c', 'LABEL only=this', 'whole', 'goes');
    await ours('create', '--name', 'left', 'goes', 'true');
    await ours('rmi', '-f', 'goes');
    expect(await refused('commit', 'left')).toMatch(/its image sha256:\w+ is not stored any more/);
  });
});
