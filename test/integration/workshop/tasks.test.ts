// The containers workshop with `tinyrun` for `docker`, typed as it stands there: tasks 1, 2, 3 and 8.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Sandbox } from '../../support/sandbox.ts';
import type { RegistryServer } from '../image/registry-server.ts';
import { Person, startHub } from './support.ts';

const sandbox = new Sandbox();
let hub: RegistryServer;
let you: Person;
beforeAll(async () => {
  hub = await startHub();
  you = new Person(sandbox, hub);
});
afterAll(async () => {
  await you.leaves();
  await sandbox.tinyrun(['container', 'prune', '--force']);
  await sandbox.close();
  await hub.close();
});

const SHELL = '/ # ';

describe.sequential('the workshop', () => {
  test('task 1: hello world', async () => {
    const first = await you.types('tinyrun run alpine echo hello world!');
    expect(first).toMatch(/^Unable to find image 'alpine:latest' locally\n(.*\n)+hello world!\n$/);
    expect(await you.types('tinyrun run alpine echo hello world!')).toBe('hello world!\n');
    expect(await you.types('tinyrun run busybox echo hello world')).toMatch(/(^|\n)hello world\n$/);
  });

  test('task 2: play around', async () => {
    await you.into('tinyrun run -it ubuntu', SHELL);
    const packages = await you.within('dpkg -l | wc -l', SHELL);
    expect(Number(packages)).toBeGreaterThanOrEqual(3);
    expect(await you.within('touch gone; ls gone', SHELL)).toBe('gone\n');
    await you.exits();

    // without -it the shell has nothing to read, and changes are those of one container
    expect(await you.types('tinyrun run ubuntu')).toBe('');
    expect(await you.types('tinyrun run ubuntu ls gone')).toContain('No such file');

    const stopped = await you.types('tinyrun ps -a');
    expect(stopped).toMatch(/^CONTAINER ID +IMAGE +COMMAND +CREATED +STATUS +PORTS +NAMES\n/);
    expect(stopped.match(/ Exited \(0\) /g)?.length).toBe(5);
    expect(stopped.match(/ Exited \(1\) /g)?.length).toBe(1);
    expect(await you.types('tinyrun ps -q')).toBe('');
  });

  test('task 3: persist changes', async () => {
    await you.into('tinyrun run -it -v testvol:/test ubuntu', SHELL);
    await you.within('touch me.not.here', SHELL);
    await you.within('cd /test', '/test # ');
    await you.within('touch aha.txt', '/test # ');
    await you.exits();

    expect(await you.types('tinyrun volume ls')).toBe('DRIVER    VOLUME NAME\nlocal     testvol\n');
    expect(await you.types('tinyrun run -v testvol:/test ubuntu ls /test')).toBe('aha.txt\n');
    const root = await you.types('tinyrun run -v testvol:/test ubuntu ls');
    expect(root.split('\n')).toEqual(expect.arrayContaining(['bin', 'test']));
    expect(root).not.toContain('me.not.here');
  });

  test('task 8: inspect images', async () => {
    // Its image is one to be built; any other has the same to be read.
    await you.types('tinyrun tag ubuntu task8');
    const created = /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/;
    const json = JSON.parse(await you.types('tinyrun inspect task8 | jq ".[0].Created"'));
    expect(json).toMatch(created);
    expect(JSON.parse(await you.types("tinyrun inspect --format '{{ json .Created }}' task8"))).toBe(json);
    expect(await you.types('tinyrun inspect task8 | grep Created')).toContain(`"Created": "${json}"`);
    const cut = `python3 -m json.tool | grep Created | cut -d '"' -f4`;
    expect(await you.types(`tinyrun inspect task8 | ${cut}`)).toBe(`${json}\n`);

    expect(await you.types('tinyrun inspect task8 | grep vendor')).toContain('"ACME Incorporated"');
    const here = { x64: 'amd64', arm64: 'arm64' }[process.arch as 'x64' | 'arm64'];
    expect(await you.types('tinyrun image inspect task8 | grep Archi')).toContain(`"${here}"`);
  });
});
