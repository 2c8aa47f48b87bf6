// What happened is told in Docker's words, in order, whoever did it, and to whoever asks, then or later.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { eventsOf } from '../../src/engine/events/events.ts';
import { eventsPath, tellEvents } from '../../src/store/events.ts';
import { TINYRUN } from '../support/programs.ts';
import { Sandbox } from '../support/sandbox.ts';

const sandbox = new Sandbox();
const roots = { dataRoot: path.join(sandbox.dir, 'data'), runRoot: path.join(sandbox.dir, 'run') };
beforeAll(() => sandbox.layer());
afterAll(() => sandbox.close());

const ok = async (...args: string[]): Promise<string> => {
  const result = await sandbox.tinyrun(args);
  expect(result, args.join(' ')).toMatchObject({ code: 0 });
  return result.stdout;
};

const ROW = '{{.Type}} {{.Action}} {{.Actor.Attributes.name}}';

async function told(filter: string, format = ROW): Promise<string[]> {
  const out = await ok('events', '--since', '1h', '--until', '0s', '--format', format, '--filter', filter);
  return out.split('\n').slice(0, -1);
}

test('a life, as Docker tells it', async () => {
  await ok('run', '-d', '--name', 'web', '--label', 'team=a', 'busybox', 'sleep', '1000');
  await ok('exec', 'web', 'true');
  await ok('rename', 'web', 'front');
  await ok('pause', 'front');
  await ok('unpause', 'front');
  await ok('stop', '-t', '0', '-s', 'USR1', 'front');
  await ok('start', 'front');
  await ok('restart', '-t', '0', 'front');
  await ok('rm', '-f', 'front');
  const format = `{{.Action}} {{.Actor.Attributes.name}} {{with .Actor.Attributes.signal}}{{.}}{{end}}`;
  expect((await told('label=team=a', format)).map((line) => line.trimEnd())).toEqual([
    'create web',
    'start web',
    'exec_create: true  web',
    'exec_start: true  web',
    'exec_die web',
    'rename front',
    'pause front',
    'unpause front',
    'kill front 10',
    'kill front 9',
    'die front',
    'stop front',
    'start front',
    'kill front 15',
    'kill front 9',
    'die front',
    'stop front',
    'start front',
    'restart front',
    'kill front 9',
    'die front',
    'destroy front',
  ]);
  // devcontainers' CLI asks so
  const starts = await told('event=start', '{{json .}}');
  expect(JSON.parse(starts.at(-1) ?? '')).toMatchObject({
    status: 'start',
    from: 'busybox',
    Type: 'container',
    Actor: { Attributes: { image: 'busybox', name: 'front', team: 'a' } },
    scope: 'local',
  });
});

test('one that ends with its command, one that its monitor removes, one that never ran, one whose monitor was killed', async () => {
  await sandbox.tinyrun(['run', '--rm', '--name', 'one', 'busybox', 'sh', '-c', 'exit 3']);
  await sandbox.tinyrun([
    'run',
    '-d',
    '--rm',
    '--name',
    'two',
    '-v',
    '/anonymous',
    'busybox',
    'sh',
    '-c',
    'exit 4',
  ]);
  await sandbox.tinyrun(['run', '--name', 'three', 'busybox', 'nothere']);
  const id = (await ok('run', '-d', '--name', 'four', 'busybox', 'sleep', '1000')).trim();
  await vi.waitFor(async () => expect(await told('container=two')).toHaveLength(4), 60_000);
  const pid = await ok('inspect', '-f', '{{.State.Pid}}', id);
  process.kill(
    Number(/^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid.trim()}/status`, 'utf8'))?.[1]),
    'SIGKILL',
  );
  await ok('ps', '-a');
  const exit = '{{.Action}}{{with .Actor.Attributes.exitCode}} {{.}}{{end}}';
  expect(await told('container=one', exit)).toEqual(['create', 'attach', 'start', 'die 3', 'destroy']);
  expect(await told('container=two', exit)).toEqual(['create', 'start', 'die 4', 'destroy']);
  expect(await told('container=three', exit)).toEqual(['create', 'attach', 'destroy']);
  expect(await told('container=four', exit)).toEqual(['create', 'start', 'die 137']);
  const volume = '{{.Action}}{{with .Actor.Attributes.destination}} {{.}}{{end}}';
  expect(await told('type=volume', volume)).toEqual(['create', 'mount /anonymous', 'unmount', 'destroy']);
  await ok('rm', 'four');
});

test('images and volumes', async () => {
  await ok('tag', 'busybox', 'mine:1');
  const archive = path.join(sandbox.dir, 'mine.tar');
  await ok('save', '-o', archive, 'mine:1');
  await ok('rmi', 'mine:1');
  await ok('load', '-i', archive);
  await ok('volume', 'create', 'data');
  await ok('volume', 'rm', 'data');
  await ok('container', 'prune', '-f');
  expect(await told('type=image', '{{.Action}} {{.Actor.Attributes.name}}')).toEqual([
    'tag mine:1',
    expect.stringMatching(/^save /),
    expect.stringMatching(/^untag sha256:/),
    'load mine:1',
  ]);
  expect(await told('volume=data', '{{.Action}}')).toEqual(['create', 'destroy']);
  expect(await told('event=prune', '{{.Type}} {{.Actor.Attributes.reclaimed}}')).toEqual(['container 0']);
});

/** What a command that follows prints, line by line. */
function follow(...args: string[]) {
  const child = spawn(TINYRUN, ['events', ...args], {
    env: sandbox.env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  return { child, lines, ended };
}

test('what happens is told as it happens, over files that are renamed', async () => {
  const since = String(Date.now() / 1000);
  const { child, lines } = follow(
    '--since',
    since,
    '--filter',
    'event=create',
    '--filter',
    'label=n',
    '--format',
    '{{.Actor.Attributes.n}}',
  );
  const padding = 'x'.repeat(20_000);
  // more than one file holds: by those who write it is renamed several times
  const create = (n: number) =>
    ({ type: 'volume', action: 'create', id: 'v', attributes: { n: String(n), padding } }) as const;
  const late = openSync(eventsPath(roots), 'a');
  for (let n = 0; n < 150; n++) {
    tellEvents(roots, [create(n)]);
    if (n % 40 === 0) await vi.waitFor(() => expect(lines).toHaveLength(n + 1), 60_000);
  }
  // who had it open before it was renamed
  writeSync(
    late,
    `${readFileSync(eventsPath(roots), 'utf8').split('\n').at(-2)?.replace('"n":"149"', '"n":"late"')}\n`,
  );
  closeSync(late);
  await vi.waitFor(() => expect(lines).toHaveLength(151), 60_000);
  expect(new Set(lines)).toEqual(new Set([...Array(150).keys(), 'late'].map(String)));
  expect(existsSync(`${eventsPath(roots)}.2`)).toBe(true);
  child.kill();
});

test('to a time to come, or until nobody wants to know', async () => {
  const { lines, ended } = follow('--until', String(Math.ceil(Date.now() / 1000) + 1), '--since', '0s');
  expect(await ended).toBe(0);
  expect(lines).toEqual([]);
  const abort = new AbortController();
  const events = eventsOf(roots, { signal: abort.signal });
  const first = events.next();
  tellEvents(roots, [{ type: 'volume', action: 'create', id: 'new', attributes: {} }]);
  expect((await first).value).toMatchObject({ event: { Actor: { ID: 'new' } } });
  const second = events.next();
  abort.abort();
  expect(await second).toMatchObject({ done: true });
});

test('a line that had no room is no other’s end', async () => {
  const file = eventsPath(roots);
  writeFileSync(file, '{"Type":"volume","Action":"create","Ac', { flag: 'a' });
  tellEvents(roots, [{ type: 'volume', action: 'destroy', id: 'whole', attributes: {} }]);
  expect(await told('volume=whole', '{{.Action}}')).toEqual(['destroy']);
});

test('what cannot be is refused', async () => {
  for (const [args, message] of [
    [['--filter', 'x=y'], "invalid filter 'x'"],
    [['--since', '0s', '--until', '1h'], 'cannot be after the end'],
    [['--since', 'soon'], 'not a time'],
    [['--format', '{{'], 'template'],
  ] as const) {
    const { code, stderr } = await sandbox.tinyrun(['events', ...args]);
    expect([code, stderr]).toEqual([message === 'template' ? 64 : 1, expect.stringContaining(message)]);
  }
});
