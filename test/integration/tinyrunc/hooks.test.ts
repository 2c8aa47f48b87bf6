import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HookName, Spec } from '../../../src/spec/types.ts';
import { containerDir } from '../../../src/tinyrunc/container.ts';
import { Bench } from '../../support/bench.ts';
import { hasEnded, until } from '../../support/programs.ts';
import { testSpec } from '../../support/spec.ts';

let bench: Bench;
beforeAll(() => {
  bench = new Bench();
});
afterAll(() => bench.dispose());

const KINDS: readonly HookName[] = [
  'prestart',
  'createRuntime',
  'createContainer',
  'startContainer',
  'poststart',
  'poststop',
];

/** A hook that writes its kind, its namespace of mounts and the state it was given into a file of the host. */
function script(log: string): string {
  const path = join(bench.dir, `hook-${Math.random()}.sh`);
  writeFileSync(path, `#!/bin/sh\nread -r state\necho "$1 $(readlink /proc/self/ns/mnt) $state" >> ${log}\n`);
  chmodSync(path, 0o755);
  return path;
}

function withHooks(args: readonly string[], hooks: Spec['hooks']): Spec {
  return { ...testSpec(args), ...(hooks === undefined ? {} : { hooks }) };
}

interface Entry {
  kind: string;
  namespace: string;
  state: { status: string; pid?: number; id: string; bundle: string };
}

function entries(log: string): Entry[] {
  return readFileSync(log, 'utf8')
    .trim()
    .split('\n')
    .map((line) => {
      const [kind = '', namespace = '', ...state] = line.split(' ');
      return { kind, namespace, state: JSON.parse(state.join(' ')) };
    });
}

describe('hooks', () => {
  it('run in the order and with the state of the lifecycle', async () => {
    const log = join(bench.dir, 'log');
    const path = script(log);
    const spec = withHooks(
      ['true'],
      Object.fromEntries(
        KINDS.filter((kind) => kind !== 'startContainer').map((kind) => [
          kind,
          [{ path, args: ['hook', kind] }],
        ]),
      ),
    );
    const id = bench.create(spec);
    const { pid } = bench.state(id);
    expect(entries(log).map(({ kind }) => kind)).toEqual(['prestart', 'createRuntime', 'createContainer']);
    // A hook in the container's pid namespace is told the pid there, as runc tells it.
    const pids = [pid, pid, 1];
    for (const [i, { state }] of entries(log).entries()) {
      expect(state).toMatchObject({ id, pid: pids[i], status: 'creating' });
    }
    const ours = entries(log).map(({ namespace }) => namespace);
    expect(ours[0]).toBe(ours[1]);
    expect(ours[2]).not.toBe(ours[0]);
    bench.ok(['start', id]);
    expect(entries(log).at(-1)).toMatchObject({ kind: 'poststart', state: { status: 'running', pid } });
    await until(() => bench.state(id).status === 'stopped');
    bench.ok(['delete', id]);
    expect(entries(log).at(-1)).toMatchObject({ kind: 'poststop', state: { status: 'stopped', id } });
  });

  it('of startContainer run inside, before the program', async () => {
    const spec = withHooks(['cat', '/tmp/made'], {
      startContainer: [{ path: '/bin/sh', args: ['sh', '-c', 'cat > /tmp/made'], env: ['PATH=/bin'] }],
    }) as { root: { readonly?: boolean } } & Spec;
    const id = bench.create({ ...spec, root: { path: 'rootfs' } });
    const { bundle } = bench.state(id);
    bench.ok(['start', id]);
    await until(() => bench.state(id).status === 'stopped');
    const state = JSON.parse(readFileSync(join(String(bundle), 'stdout'), 'utf8'));
    expect(state).toMatchObject({ id, status: 'created' });
  });

  it.each(['prestart', 'createRuntime', 'createContainer'] as const)(
    'that fail in %s end the container, which is destroyed, and poststop runs',
    (kind) => {
      const log = join(bench.dir, `log-${kind}`);
      const path = script(log);
      const id = bench.id();
      const bundle = bench.bundle(
        withHooks(['true'], {
          [kind]: [{ path: '/bin/sh', args: ['sh', '-c', 'echo why >&2; exit 3'] }],
          poststop: [{ path, args: ['hook', 'poststop'] }],
        }),
      );
      const result = bench.run(['create', '-b', bundle, id]);
      expect(result.status).toBe(1);
      expect(result.stderr).toContain(kind);
      expect(existsSync(containerDir(bench.root, id))).toBe(false);
      expect(entries(log).map((entry) => entry.kind)).toEqual(['poststop']);
    },
  );

  it('that fail in startContainer make start fail, and destroy the container', () => {
    const id = bench.create(withHooks(['true'], { startContainer: [{ path: '/bin/false' }] }));
    const result = bench.run(['start', id]);
    expect(result.status).toBe(1);
    expect(result.stderr).toContain(
      'error running startContainer hook: hook /bin/false failed with exit status 1',
    );
    expect(existsSync(containerDir(bench.root, id))).toBe(false);
  });

  it('that fail in poststart destroy the container', () => {
    const id = bench.create(withHooks(['sleep', '1000'], { poststart: [{ path: '/bin/false' }] }));
    const { pid } = bench.state(id);
    const result = bench.run(['start', id]);
    expect(result.status).toBe(1);
    expect(result.stderr).toContain('poststart');
    expect(existsSync(containerDir(bench.root, id))).toBe(false);
    return until(() => hasEnded(pid));
  });

  it('that fail in poststop are a warning only', () => {
    const log = join(bench.dir, 'log-after');
    const path = script(log);
    const id = bench.create(
      withHooks(['true'], { poststop: [{ path: '/bin/false' }, { path, args: ['h', 'poststop'] }] }),
    );
    const result = bench.run(['delete', id]);
    expect(result.status).toBe(0);
    expect(result.stderr).toContain('poststop');
    expect(entries(log)).toHaveLength(1);
  });

  it('that take too long are ended', () => {
    const start = Date.now();
    const bundle = bench.bundle(
      withHooks(['true'], { createRuntime: [{ path: '/bin/sleep', args: ['sleep', '60'], timeout: 1 }] }),
    );
    const result = bench.run(['create', '-b', bundle, bench.id()]);
    expect(result.status).toBe(1);
    expect(result.stderr).toContain('hook ran past specified timeout of 1s');
    expect(Date.now() - start).toBeLessThan(50_000);
  });

  it('have the environment they name and nothing else', () => {
    const log = join(bench.dir, 'env');
    const bundle = bench.bundle(
      withHooks(['true'], {
        createRuntime: [{ path: '/bin/sh', args: ['sh', '-c', `/usr/bin/env > ${log}`], env: ['A=b'] }],
      }),
    );
    bench.ok(['run', '-b', bundle, bench.id()]);
    expect(
      readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => !/^(PWD|_|SHLVL|OLDPWD)=/.test(line)),
    ).toEqual(['A=b', '']);
  });
});

it('of startContainer, programs of the image, run under the filter of its program; who starts them does not', () => {
  const hook = {
    path: '/bin/sh',
    args: ['sh', '-c', 'mkdir /tmp/made 2>/tmp/why; grep ^Seccomp: /proc/self/status >/tmp/mode'],
  };
  const spec = withHooks(['cat', '/tmp/why', '/tmp/mode'], { startContainer: [hook] });
  for (const noNewPrivileges of [true, false]) {
    const confined = {
      ...spec,
      root: { path: 'rootfs' },
      process: { ...spec.process, cwd: '/', noNewPrivileges },
      linux: {
        ...spec.linux,
        seccomp: {
          defaultAction: 'SCMP_ACT_ALLOW',
          // clone3 and memfd_create are what starting a hook takes
          syscalls: [{ names: ['mkdir', 'mkdirat', 'clone3', 'memfd_create'], action: 'SCMP_ACT_ERRNO' }],
        },
      },
    } as Spec;
    const out = bench.ok(['run', '-b', bench.bundle(confined), bench.id()]);
    expect(out).toContain("can't create directory '/tmp/made': Operation not permitted");
    expect(out).toContain('Seccomp:\t2');
  }
});
