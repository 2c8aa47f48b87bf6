// cp: files into and out of containers, as docker's.
import { execFileSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { execute, TINYRUN } from '../../support/programs.ts';
import { RunningContainer } from '../../support/running.ts';
import { Sandbox } from '../../support/sandbox.ts';
import { Terminal } from '../../support/terminal.ts';

const sandbox = new Sandbox();
const here = path.join(sandbox.dir, 'here');
let web: RunningContainer;
beforeAll(async () => {
  await sandbox.layer();
  mkdirSync(path.join(here, 'src/sub'), { recursive: true });
  writeFileSync(path.join(here, 'src/one'), 'one\n', { mode: 0o640 });
  writeFileSync(path.join(here, 'src/sub/two'), 'two\n');
  writeFileSync(path.join(here, 'src/.wh.odd'), 'no whiteout\n');
  symlinkSync('one', path.join(here, 'src/link'));
  linkSync(path.join(here, 'src/one'), path.join(here, 'src/hard'));
  chownSync(path.join(here, 'src/one'), 5, 6);
  mkdirSync(path.join(sandbox.dir, 'volume'));
  web = await RunningContainer.start(
    sandbox,
    'web',
    '-v',
    `${sandbox.dir}/volume:/vol`,
    'busybox',
    'sleep',
    '1000',
  );
});
afterAll(async () => {
  await web.remove();
  await sandbox.close();
});

const cp = (...args: string[]) => sandbox.tinyrun(['cp', ...args], { cwd: here });
/** In the container, or, when it has ended, of what cp takes out of it. */
const inside = async (script: string) => (await sandbox.tinyrun(['exec', 'web', 'sh', '-c', script])).stdout;
const NAMES = ['.wh.odd', 'hard', 'link', 'one', 'sub'];

test('what was copied is told on a terminal, to nobody else', async () => {
  const terminal = new Terminal(sandbox, 'cp', path.join(here, 'src/one'), 'web:/tmp/told');
  await terminal.until(/Successfully copied [\d.]+k?B to web:\/tmp\/told\r\n/);
  expect(await terminal.ended).toBe(0);
  terminal.close();
});

describe('into a running container', () => {
  test('a directory to a new name, then into it, then what is in it', async () => {
    expect(await cp('src', 'web:/new')).toMatchObject({
      code: 0,
      stdout: '',
      stderr: '',
    });
    expect(
      await inside('ls -A /new; cat /new/sub/two; readlink /new/link; stat -c "%a %u %g %h" /new/one'),
    ).toBe(`${NAMES.join('\n')}\ntwo\none\n640 5 6 2\n`);
    await cp('-q', 'src', 'web:/new');
    expect(await inside('ls -A /new/src | wc -l')).toBe('5\n');
    await cp('src/sub/.', 'web:new/src');
    expect(await inside('ls -A /new/src')).toBe(`${[...NAMES, 'two'].join('\n')}\n`);
  });

  test('a file: to a new name, over one, into a directory, through a link, onto a volume', async () => {
    expect((await cp('-q', 'src/one', 'web:/tmp/renamed')).stderr).toBe('');
    await cp('src/sub/two', 'web:/tmp/renamed');
    await cp('src/one', 'web:/tmp/');
    await inside('echo old >/tmp/real; ln -s real /tmp/link; ln -s /tmp /tmp2');
    await cp('src/one', 'web:/tmp/link');
    await cp('src/one', 'web:/tmp2/by-link');
    await cp('-L', 'src/link', 'web:/tmp/followed');
    await cp('src/link', 'web:/tmp/kept');
    await cp('src/one', 'web:/vol');
    expect(
      await inside(
        'cd /tmp; cat renamed one real by-link followed; readlink link; readlink kept; cat /vol/one',
      ),
    ).toBe('two\none\none\none\none\nreal\none\none\n');
    expect(readFileSync(path.join(sandbox.dir, 'volume/one'), 'utf8')).toBe('one\n');
  });

  test.each([
    [['src/one', 'web:/no/such/place'], 'Could not find the file /no/such/place in container web'],
    [['src/one', 'web:/missing/'], 'no such directory'],
    [['src', 'web:/etc/passwd'], 'cannot copy directory'],
    [['src/one/', 'web:/tmp'], 'src/one: not a directory'],
    [['src/nope', 'web:/tmp'], 'no such file or directory'],
    [['src/one', 'web:/etc/hosts'], 'something is mounted on it'],
    [['src/one', 'web:/sys'], 'EROFS'],
    [['web:/a', 'web:/b'], 'copying between containers is not supported'],
    [['src', 'here'], 'must specify at least one container source'],
    [['src/one', 'nosuch:/'], 'no such container: nosuch'],
  ])('%j: %s', async (args, words) => {
    expect(await cp(...args)).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining(words) });
  });

  test('what is a directory and what is none do not take each other’s place', async () => {
    await inside('mkdir -p /clash/src/one; mkdir /clash2; touch /clash2/src');
    expect((await cp('src', 'web:/clash')).stderr).toContain(
      'cannot overwrite directory "src/one" with non-directory',
    );
    expect((await cp('src', 'web:/clash2')).stderr).toContain(
      'cannot overwrite non-directory "src/" with directory',
    );
    expect(await inside('test -d /clash/src/one && test -f /clash2/src && echo both')).toBe('both\n');
  });
});

test('out of it: names, contents, links and times; owners are the caller’s but with -a', async () => {
  await inside(
    'mkdir /out; echo a >/out/a; chown 7:8 /out/a; ln -s a /out/l; chmod 700 /out; mkfifo /out/p; echo v >/vol/v',
  );
  await cp('web:/out', 'taken');
  expect(readdirSync(path.join(here, 'taken'))).toEqual(['a', 'l', 'p']);
  expect(lstatSync(path.join(here, 'taken')).mode & 0o777).toBe(0o700);
  expect(lstatSync(path.join(here, 'taken/a'))).toMatchObject({ uid: 0, gid: 0 });
  expect(readlinkSync(path.join(here, 'taken/l'))).toBe('a');
  await cp('-a', 'web:/out/.', 'taken');
  expect(lstatSync(path.join(here, 'taken/a'))).toMatchObject({ uid: 7, gid: 8 });
  await cp('-L', 'web:/out/l', '.');
  expect(readFileSync(path.join(here, 'l'), 'utf8')).toBe('a\n');
  await cp('web:vol/v', 'v');
  expect(readFileSync(path.join(here, 'v'), 'utf8')).toBe('v\n');
  expect((await cp('web:/nope', '.')).stderr).toContain('Could not find the file /nope in container web');
  await cp('web:/proc', 'proc');
  expect(readdirSync(path.join(here, 'proc'))).toEqual([]);
});

test('- is an archive, packed or not', async () => {
  const line = (text: string) => execute('sh', ['-c', text, TINYRUN], { cwd: here, env: sandbox.env });
  const listed = await line('"$0" cp web:/out - | tar -tv');
  expect(listed.stdout).toMatch(
    /^drwx------ .* out\/\n-rw-r--r-- 7\/8 .* out\/a\nl.* out\/l -> a\np.* out\/p\n$/,
  );
  expect((await line('"$0" cp web:/out/. - | tar -t')).stdout).toBe('a\nl\np\n');
  await inside('mkdir /in');
  expect(await line('tar -C src -c . | "$0" cp - web:/in')).toEqual({ code: 0, stdout: '', stderr: '' });
  await line('tar -cz src | "$0" cp - web:/in');
  expect(await inside('ls -A /in; stat -c %u /in/src/one')).toBe(
    `${[...NAMES.slice(0, 4), 'src', 'sub'].join('\n')}\n5\n`,
  );
  expect((await line('"$0" cp - web:/etc/passwd </dev/null')).stderr).toContain('must be a directory');
});

test('a user namespace: ids are those of the container, both ways', async () => {
  const mapped = await RunningContainer.start(
    sandbox,
    'mapped',
    '--userns',
    'private',
    'busybox',
    'sleep',
    '1000',
  );
  await cp('src/one', 'mapped:/one');
  const { stdout } = await sandbox.tinyrun(['exec', 'mapped', 'stat', '-c', '%u %g', '/one']);
  expect(stdout).toBe('5 6\n');
  await cp('-a', 'mapped:/one', 'back');
  expect(lstatSync(path.join(here, 'back'))).toMatchObject({ uid: 5, gid: 6 });
  await mapped.end();
  expect((await cp('src/one', 'mapped:/two')).stderr).toContain('start it first');
  await mapped.remove();
});

test('a container that has ended: both ways, and it starts again with what came', async () => {
  await web.end();
  expect(await cp('src', 'web:/later')).toMatchObject({ code: 0 });
  await cp('src/sub/two', 'web:/out/a');
  await cp('web:/later/sub/two', 'later');
  expect(readFileSync(path.join(here, 'later'), 'utf8')).toBe('two\n');
  expect((await cp('web:/out/a', 'a')).code).toBe(0);
  expect(readFileSync(path.join(here, 'a'), 'utf8')).toBe('two\n');
  const { stdout } = await sandbox.tinyrun(['diff', 'web']);
  expect(stdout).toContain('A /later\nA /later/.wh.odd\n');
  expect(readdirSync(path.join(sandbox.dir, 'run/containers'))).toEqual([]);
  expect(
    existsSync('/proc/self/mountinfo') && execFileSync('cat', ['/proc/self/mountinfo'], { encoding: 'utf8' }),
  ).not.toContain(sandbox.dir);
});
