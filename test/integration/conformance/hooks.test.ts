// config.md, "POSIX-platform Hooks", and the lifecycle of runtime.md; docs/conformance.md.
import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Hook, HookName } from '../../../src/spec/types.ts';
import { Bench } from '../../support/bench.ts';
import { until } from '../../support/programs.ts';
import { testSpec } from '../../support/spec.ts';

let bench: Bench;
let log: string;
beforeEach(() => {
  bench = new Bench();
  log = join(bench.dir, 'log');
  writeFileSync(log, '');
});
afterEach(() => bench.dispose());

const lines = () => readFileSync(log, 'utf8').trim().split('\n').filter(Boolean);

/** A hook that appends what a shell makes of `script` to the log; its container side sees the host's /bin/sh. */
const hook = (script: string, extra: Partial<Hook> = {}): Hook => ({
  path: '/bin/sh',
  args: ['sh', '-c', `{ ${script}; } >> ${log}`],
  env: ['PATH=/usr/bin:/bin'],
  ...extra,
});

/** A container that sees the log at its place; startContainer hooks run its own sh. */
function create(
  hooks: Partial<Record<HookName, Hook[]>>,
  args = ['sleep', '1000'],
): { id: string; bundle: string } {
  const id = bench.id();
  const spec = testSpec(args, (s) => {
    Object.assign(s, { hooks });
    s.mounts?.push({ destination: bench.dir, type: 'bind', source: bench.dir, options: ['rbind', 'rw'] });
    if (s.root) s.root.readonly = false;
  });
  return { id: bench.create(spec, id), bundle: String(bench.state(id).bundle) };
}

const all: readonly HookName[] = [
  'prestart',
  'createRuntime',
  'createContainer',
  'startContainer',
  'poststart',
  'poststop',
];

describe('hooks', () => {
  it('run in their order, each at its time, in the order listed', async () => {
    const hooks = Object.fromEntries(
      all.map((name) => [name, [hook(`echo ${name} 1`), hook(`echo ${name} 2`)]]),
    );
    const { id } = create(hooks);
    const upToCreate = ['prestart', 'createRuntime', 'createContainer'].flatMap((n) => [`${n} 1`, `${n} 2`]);
    expect(lines()).toEqual(upToCreate);
    bench.ok(['start', id]);
    await until(() => lines().length === 10);
    expect(lines().slice(6)).toEqual(['startContainer 1', 'startContainer 2', 'poststart 1', 'poststart 2']);
    bench.ok(['kill', id, 'KILL']);
    await until(() => bench.state(id).status === 'stopped');
    expect(lines()).toHaveLength(10);
    bench.ok(['delete', id]);
    expect(lines().slice(10)).toEqual(['poststop 1', 'poststop 2']);
  });

  it('get the state on stdin, with the status of their time', async () => {
    const { id, bundle } = create(Object.fromEntries(all.map((name) => [name, [hook('cat; echo')]])));
    const { pid } = bench.state(id);
    bench.ok(['start', id]);
    await until(() => lines().length === 5);
    bench.ok(['delete', '--force', id]);
    const states = lines().map((line) => JSON.parse(line));
    expect(states.map((s) => s.status)).toEqual([
      'creating',
      'creating',
      'creating',
      'created',
      'running',
      'stopped',
    ]);
    for (const state of states)
      expect(state).toMatchObject({ id, bundle, ociVersion: expect.stringMatching(/^1\./) });
    for (const state of states.slice(0, 2)) expect(state.pid).toBe(pid);
  });

  it('createRuntime is outside the container, createContainer and startContainer are in its namespaces', async () => {
    const where = hook('readlink /proc/self/ns/mnt');
    const { id } = create({ createRuntime: [where], createContainer: [where] });
    const [outside, inside] = lines();
    expect(outside).toBe(readlinkSync('/proc/self/ns/mnt'));
    expect(inside).toBe(readlinkSync(`/proc/${bench.state(id).pid}/ns/mnt`));
  });

  it('have their env and nothing of the runtime’s', () => {
    create({ createRuntime: [hook('env', { env: ['PATH=/usr/bin:/bin', 'ONLY=this'] })] });
    const names = lines().map((line) => line.split('=')[0]);
    expect(names.filter((name) => !['PWD', 'SHLVL', '_', 'OLDPWD'].includes(name ?? '')).sort()).toEqual([
      'ONLY',
      'PATH',
    ]);
  });
});

describe('where hooks run', () => {
  it('in the bundle, createContainer in the root, startContainer in the program’s directory', async () => {
    const hooks = Object.fromEntries(all.map((name) => [name, [hook(`echo ${name} $(pwd)`)]]));
    const { id, bundle } = create(hooks);
    bench.ok(['start', id], { cwd: '/' });
    await until(() => lines().length === 5);
    bench.ok(['delete', '--force', id], { cwd: '/' });
    expect(lines()).toEqual([
      `prestart ${bundle}`,
      `createRuntime ${bundle}`,
      `createContainer ${bundle}/rootfs`,
      'startContainer /',
      `poststart ${bundle}`,
      `poststop ${bundle}`,
    ]);
  });

  it('inside, with the program’s environment where they name none', () => {
    const none = (script: string): Hook => ({ path: '/bin/sh', args: ['sh', '-c', `${script} >> ${log}`] });
    const spec = testSpec(['true'], (s) => {
      s.process.env = ['PATH=/bin:/usr/bin', 'OF=program'];
      Object.assign(s, {
        hooks: { startContainer: [none('echo $OF'), { ...none('/bin/echo empty$OF'), env: [] }] },
      });
      s.mounts?.push({ destination: bench.dir, type: 'bind', source: bench.dir, options: ['rbind', 'rw'] });
      if (s.root) s.root.readonly = false;
    });
    bench.ok(['run', '-b', bench.bundle(spec), bench.id()]);
    expect(lines()).toEqual(['program', 'empty']);
  });
});

describe('a hook that fails', () => {
  it.each(['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart'] as const)(
    '%s: the error has what it wrote to standard error',
    (name) => {
      const failing: Hook = {
        path: '/bin/sh',
        args: ['sh', '-c', 'echo out; echo the reason >&2; exit 3'],
        env: [],
      };
      const spec = testSpec(['sleep', '1000'], (s) => Object.assign(s, { hooks: { [name]: [failing] } }));
      const { status, stderr } = bench.run(['run', '-d', '-b', bench.bundle(spec), bench.id()]);
      expect(stderr).toMatch(new RegExp(`${name} hook.*exit status 3.*stdout: out.*stderr: the reason`, 's'));
      expect(status).not.toBe(0);
    },
  );

  it.each(['prestart', 'createRuntime', 'createContainer'] as const)(
    '%s: create fails, nothing is left, poststop runs',
    (name) => {
      const id = bench.id();
      const spec = testSpec(['sleep', '1000'], (s) => {
        Object.assign(s, {
          hooks: { [name]: [hook('echo ran; exit 3')], poststop: [hook('echo poststop')] },
        });
      });
      const { status } = bench.run(['create', '-b', bench.bundle(spec), id]);
      expect(status).not.toBe(0);
      expect(bench.run(['state', id]).status).not.toBe(0);
      expect(lines()[0]).toBe('ran');
    },
  );

  it('poststop: delete goes on', async () => {
    const { id } = create({ poststop: [hook('echo one; exit 3'), hook('echo two')] }, ['true']);
    bench.ok(['start', id]);
    await until(() => bench.state(id).status === 'stopped');
    bench.ok(['delete', id]);
    expect(lines()).toEqual(['one', 'two']);
    expect(bench.run(['state', id]).status).not.toBe(0);
  });

  it('by its timeout is ended', () => {
    const id = bench.id();
    const spec = testSpec(['sleep', '1000'], (s) => {
      Object.assign(s, { hooks: { createRuntime: [hook('exec sleep 60', { timeout: 1 })] } });
    });
    const begin = Date.now();
    expect(bench.run(['create', '-b', bench.bundle(spec), id]).status).not.toBe(0);
    expect(Date.now() - begin).toBeLessThan(50_000);
  });
});
