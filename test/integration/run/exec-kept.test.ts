// exec whose command may go: -t and -d have a monitor of their own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine } from '../../../src/engine/engine.ts';
import { pidOf } from '../../support/processes.ts';
import { hasEnded, TINYRUN, until } from '../../support/programs.ts';
import { Sandbox } from '../../support/sandbox.ts';
import { Terminal } from '../../support/terminal.ts';

const sandbox = new Sandbox();
const engine = createEngine({ dataRoot: sandbox.env.TINYRUN_ROOT, runRoot: sandbox.env.TINYRUN_RUN_ROOT });
beforeAll(async () => {
  await sandbox.layer();
  await started('web');
});
afterAll(async () => {
  await sandbox.tinyrun(['rm', '-f', 'web']);
  await sandbox.close();
});

const started = (name: string, ...flags: string[]) =>
  sandbox.tinyrun(['run', '-d', '--name', name, ...flags, 'busybox', 'sleep', '1000']);
const exec = (...args: string[]) => sandbox.tinyrun(['exec', ...args]);
const sh = async (script: string) => (await exec('web', 'sh', '-c', script)).stdout;
const execIds = async (name = 'web'): Promise<string[] | null> =>
  JSON.parse((await sandbox.tinyrun(['inspect', '-f', '{{json .ExecIDs}}', name])).stdout);
const idOf = (name: string) => engine.find(name).record.id;
const runDir = (name = 'web') => path.join(sandbox.dir, 'run/containers', idOf(name));

/** The program that is about to run so in this container. */
const program = (name: string, ...args: string[]) => pidOf(idOf(name), ...args);
const parentOf = (pid: number): number =>
  Number(/^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);

/** Of one exec, or of all. */
async function told(id?: string): Promise<string[]> {
  const format = '{{.Actor.Attributes.execID}} {{.Action}} {{.Actor.Attributes.exitCode}}';
  const args = ['events', '--since', '1h', '--until', '0s', '--format', format];
  return (await sandbox.tinyrun(args)).stdout
    .split('\n')
    .filter((line) => / exec_/.test(line) && (id === undefined || line.startsWith(id)))
    .map((line) => line.slice(65));
}

async function onlyId(): Promise<string> {
  const [id = '', ...more] = (await execIds()) ?? [];
  expect(more).toEqual([]);
  return id;
}

describe('a terminal', () => {
  test('is left by keys, listed, come back to; its end is told', async () => {
    const terminal = new Terminal(sandbox, 'exec', '-it', '--detach-keys', 'ctrl-x,d', 'web', 'sh');
    await terminal.until(/# /);
    terminal.type('export KEPT=yes; echo up$KEPT\n');
    await terminal.until(/upyes/);
    terminal.type('\x18d');
    expect(await terminal.ended).toBe(1);
    await terminal.until(/read escape sequence/);
    expect(await terminal.isCooked()).toBe(true);
    terminal.close();

    const id = await onlyId();
    expect(await told(id)).toEqual([
      'exec_create: sh  <no value>',
      'exec_start: sh  <no value>',
      'exec_detach <no value>',
    ]);
    let seen = '';
    const shell = await engine.attachExec('web', id, (_, text) => {
      seen += text;
    });
    shell?.resize({ rows: 33, columns: 44 });
    shell?.type(Buffer.from('stty size; echo $KEPT\n'));
    await until(() => /33 44\r\nyes\r\n/.test(seen));
    shell?.type(Buffer.from('exit 5\n'));
    expect(await shell?.ended).toMatchObject({ code: 5 });
    expect(await execIds()).toBeNull();
    expect((await told(id)).at(-1)).toBe('exec_die 5');
    expect(await engine.attachExec('web', id)).toBeUndefined();
    expect(await engine.attachExec('web', '../..')).toBeUndefined();
  });

  test('goes on when the command’s own is closed, and is killed with its container alone', async () => {
    const terminal = new Terminal(sandbox, 'exec', '-it', 'web', 'sh', '-c', 'echo here; sleep 2101; :');
    await terminal.until(/here/);
    const pid = await program('web', 'sleep', '2101');
    terminal.close();
    await terminal.ended;
    expect(hasEnded(pid)).toBe(false);
    const id = await onlyId();
    process.kill(parentOf(pid), 'SIGKILL');
    await until(() => existsSync(path.join(runDir(), 'execs', id)) === false);
    expect((await told(id)).at(-1)).toMatch(/^exec_die \d+$/);
  });

  test('its command gets SIGKILL while nobody reads: the program is let go on', async () => {
    const child = spawn(TINYRUN, ['exec', '-t', 'web', 'sh', '-c', 'yes | head -c 3000000; sleep 2102; :'], {
      env: sandbox.env,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await once(child.stdout, 'readable');
    child.kill('SIGKILL');
    process.kill(await program('web', 'sleep', '2102'), 'SIGKILL');
    await until(() => readdirSync(path.join(runDir(), 'execs')).length === 0);
  });

  test('what writes to it after the program’s end holds nobody up', async () => {
    const script = 'setsid sh -c "while :; do echo more; sleep 0.1; done" & sleep 0.1; echo done; exit 4';
    const { code, stdout } = await exec('-t', 'web', 'sh', '-c', script);
    expect({ code, stdout }).toEqual({ code: 4, stdout: expect.stringContaining('done\r\n') });
  });
});

describe('-d', () => {
  test('-t holds a terminal, whose input has not ended; -i has none', async () => {
    expect(await exec('-dt', 'web', 'sh', '-c', 'tty >/tmp/tty; read line; echo $line >/tmp/line')).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    });
    const id = await onlyId();
    expect(await sh('cat /tmp/tty')).toMatch(/^\/dev\/pts\/\d+\n$/);
    const shell = await engine.attachExec('web', id);
    shell?.type(Buffer.from('typed later\n'));
    await shell?.ended;
    expect(await sh('cat /tmp/line')).toBe('typed later\n');
    expect((await exec('-di', 'web', 'sh', '-c', 'cat; echo over >/tmp/over')).code).toBe(0);
    while ((await sh('cat /tmp/over')) !== 'over\n');
    expect((await exec('-dit', 'web', 'true')).code).toBe(0);
  });

  test('of the library: pipes that are attached to, input that stays open until it is closed', async () => {
    const { id, pid } = await engine.execDetached('web', { args: ['cat'], openStdin: true });
    expect(hasEnded(pid)).toBe(false);
    let seen = '';
    const cat = await engine.attachExec('web', id, (stream, text) => {
      seen += `${stream}${text}`;
    });
    cat?.type(Buffer.from('through\n'));
    await until(() => seen === '1through\n');
    cat?.closeStdin();
    expect(await cat?.ended).toMatchObject({ code: 0 });
  });

  test('a hundred at once, and their container takes them along', async () => {
    await started('many');
    const run = runDir('many');
    const args = ['sleep', '2103'];
    const all = await Promise.all(
      Array.from({ length: 100 }, (_, n) => engine.execDetached('many', { args, tty: n % 2 === 0 })),
    );
    expect((await execIds('many'))?.sort()).toEqual(all.map(({ id }) => id).sort());
    const monitors = all.map(({ pid }) => parentOf(pid));
    await sandbox.tinyrun(['rm', '-f', 'many']);
    await until(() => [...monitors, ...all.map(({ pid }) => pid)].every(hasEnded));
    expect(existsSync(run)).toBe(false);
  });
});

describe('what ends meanwhile', () => {
  test('a container that is paused and stopped under an attached one: the command ends at once, 137', async () => {
    await started('short');
    const terminal = new Terminal(sandbox, 'exec', '-it', 'short', 'sh');
    await terminal.until(/# /);
    await sandbox.tinyrun(['pause', 'short']);
    terminal.type('echo back$((1+1))\n');
    terminal.resize(31, 91);
    expect(await execIds('short')).toHaveLength(1);
    await sandbox.tinyrun(['unpause', 'short']);
    await terminal.until(/back2/);
    do terminal.type('stty size\n');
    while (!(await terminal.until(/\n(24 80|31 91)\r/)).includes('31 91'));
    const plain = exec('short', 'sleep', '2104');
    await program('short', 'sleep', '2104');
    expect(await execIds('short')).toHaveLength(2);
    await sandbox.tinyrun(['stop', '-t', '0', 'short']);
    expect(await terminal.ended).toBe(137);
    expect((await plain).code).toBe(137);
    terminal.close();
    expect(await execIds('short')).toBeNull();
    await sandbox.tinyrun(['rm', 'short']);
  });

  test('its monitor is killed: so is the program, the command ends with 137, and the end is told once', async () => {
    const terminal = new Terminal(sandbox, 'exec', '-it', 'web', 'sh', '-c', 'echo up; sleep 2105');
    await terminal.until(/up/);
    const id = await onlyId();
    const pid = await program('web', 'sleep', '2105');
    process.kill(parentOf(pid), 'SIGKILL');
    expect(await terminal.ended).toBe(137);
    terminal.close();
    await until(() => hasEnded(pid));
    expect(await execIds()).toBeNull();
    expect((await told(id)).filter((line) => line.startsWith('exec_die'))).toEqual(['exec_die 137']);
  });

  test('both are killed: the next command takes back what is left; so does system gc', async () => {
    for (const next of [
      ['inspect', 'web'],
      ['system', 'gc'],
    ]) {
      const { id, pid } = await engine.execDetached('web', { args: ['sleep', '2106'] });
      process.kill(parentOf(pid), 'SIGKILL');
      await until(() => hasEnded(pid));
      const { stdout } = await sandbox.tinyrun(next);
      if (next[0] === 'system') expect(stdout).toContain(id);
      expect(existsSync(path.join(runDir(), 'execs', id))).toBe(false);
      expect((await told(id)).at(-1)).toBe('exec_die 137');
    }
    const child = spawn(TINYRUN, ['exec', 'web', 'sleep', '2107'], { env: sandbox.env, stdio: 'ignore' });
    const pid = await program('web', 'sleep', '2107');
    const [id = '', ...more] = readdirSync(path.join(runDir(), 'execs'));
    expect(more).toEqual([]);
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(await execIds()).toHaveLength(1); // it goes on
    process.kill(pid, 'SIGKILL');
    await until(() => hasEnded(pid));
    expect(await execIds()).toBeNull();
    expect(readdirSync(path.join(runDir(), 'execs'))).toEqual([]);
    expect(await execIds()).toBeNull();
    // once, and by which code nobody knows
    expect((await told(id)).filter((line) => line.startsWith('exec_die'))).toEqual(['exec_die <no value>']);
  });

  test('a container that ends as programs are begun in it leaves nothing', async () => {
    for (let n = 0; n < 3; n++) {
      await started('brief');
      const run = runDir('brief');
      let over = false;
      const begun = [true, false].map(async (tty) => {
        while (!over) {
          await engine.execDetached('brief', { args: ['true'], tty }).catch((error) => {
            expect(error.message).toMatch(/^(no such container: brief|container brief is not running)$/);
          });
          await new Promise(setImmediate);
        }
      });
      await sandbox.tinyrun(['rm', '-f', 'brief']);
      over = true;
      await Promise.all(begun);
      expect(existsSync(run)).toBe(false);
    }
  });
});

test('nobody else may reach its directory and its socket', async () => {
  const { id, pid } = await engine.execDetached('web', { args: ['sleep', '2108'], tty: true });
  const dir = path.join(runDir(), 'execs', id);
  expect(statSync(path.dirname(dir)).mode & 0o777).toBe(0o700);
  expect(statSync(dir).mode & 0o777).toBe(0o700);
  expect(readdirSync(dir).sort()).toEqual(['process', 'socket']);
  const fds = readdirSync(`/proc/${pid}/fd`);
  expect(fds.sort()).toEqual(['0', '1', '2']);
  process.kill(pid, 'SIGKILL');
  await until(() => !existsSync(dir));
});
