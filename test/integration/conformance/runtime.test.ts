// runtime.md of the OCI runtime specification, MUST by MUST; docs/conformance.md says which test holds which.
// TINYRUN_TEST_RUNTIME=runc tries the same tests against runc.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Bench } from '../../support/bench.ts';
import { until } from '../../support/programs.ts';
import { testSpec } from '../../support/spec.ts';

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});
afterEach(() => bench.dispose());

const SLEEP = testSpec(['sleep', '1000']);
/** Mounts that have to do with this test; other tests mount too. */
const mounts = () =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(bench.dir));
const refused = (args: string[]) => expect(bench.run(args).status).not.toBe(0);
const stopped = (id: string) => until(() => bench.state(id).status === 'stopped');

describe('state', () => {
  it('has ociVersion, id, status, pid, bundle and annotations', () => {
    const spec = testSpec(['sleep', '1000'], (s) => {
      s.annotations = { 'org.example.key': 'value' };
    });
    const id = bench.create(spec);
    const state = bench.state(id);
    expect(state).toMatchObject({ id, status: 'created', annotations: { 'org.example.key': 'value' } });
    expect(state.ociVersion).toMatch(/^1\.\d+\.\d+/);
    expect(existsSync(join(String(state.bundle), 'config.json'))).toBe(true);
    expect(readFileSync(`/proc/${state.pid}/status`, 'utf8')).toContain('Pid:');
  });

  it('goes created, running, stopped', async () => {
    const id = bench.create(SLEEP);
    expect(bench.state(id).status).toBe('created');
    bench.ok(['start', id]);
    expect(bench.state(id).status).toBe('running');
    bench.ok(['kill', id, 'KILL']);
    await stopped(id);
  });

  it('of no id, or an unknown one, is an error', () => {
    refused(['state']);
    refused(['state', bench.id()]);
  });
});

describe('create', () => {
  it('does not run the program', () => {
    const id = bench.create(
      testSpec(['touch', '/tmp/ran'], (s) => s.root && Object.assign(s.root, { readonly: false })),
    );
    const { bundle } = bench.state(id);
    expect(existsSync(join(String(bundle), 'rootfs/tmp/ran'))).toBe(false);
    bench.ok(['start', id]);
    return until(() => existsSync(join(String(bundle), 'rootfs/tmp/ran')));
  });

  it('without an id or a bundle is an error', () => {
    refused(['create', '--bundle', bench.bundle(SLEEP)]);
    refused(['create', '--bundle', join(bench.dir, 'none'), bench.id()]);
  });

  it('with an id in use is an error and makes nothing', () => {
    const id = bench.create(SLEEP);
    const { pid } = bench.state(id);
    refused(['create', '--bundle', bench.bundle(SLEEP), id]);
    expect(bench.state(id)).toMatchObject({ pid, status: 'created' });
  });

  it.each(['../x', 'a/b', '', 'x'.repeat(1025)])(
    'with an id that is none (%#) is an error and makes nothing',
    (id) => {
      refused(['create', '--bundle', bench.bundle(SLEEP), id]);
      expect(existsSync(bench.root) ? readdirSync(bench.root) : []).toEqual([]);
    },
  );

  it('is not touched by later changes of config.json', async () => {
    const id = bench.create(testSpec(['sleep', '1000']));
    bench.write(String(bench.state(id).bundle), testSpec(['false']));
    bench.ok(['start', id]);
    expect(readFileSync(`/proc/${bench.state(id).pid}/cmdline`, 'utf8')).toBe('sleep\x001000\0');
  });

  it('that fails leaves everything as it was', () => {
    const before = mounts();
    const broken = testSpec(['sleep', '1000'], (s) => {
      s.mounts?.push({ destination: '/data', type: 'bind', source: '/no/such/source', options: ['rbind'] });
    });
    const id = bench.id();
    refused(['create', '--bundle', bench.bundle(broken), id]);
    refused(['state', id]);
    expect(mounts()).toEqual(before);
    expect(
      spawnSync('find', ['/sys/fs/cgroup', '-type', 'd', '-name', `*${id}*`], { encoding: 'utf8' }).stdout,
    ).toBe('');
  });

  it('reports what it cannot create', () => {
    const { status, stderr } = bench.run([
      'create',
      '--bundle',
      bench.bundle(testSpec(['no-such-program'])),
      bench.id(),
    ]);
    expect(status).not.toBe(0);
    expect(stderr).toMatch(/no-such-program/);
  });
});

describe('start', () => {
  it('of no id, or an unknown one, is an error', () => {
    refused(['start']);
    refused(['start', bench.id()]);
  });

  it('of a started container is an error without effect', () => {
    const id = bench.create(SLEEP);
    bench.ok(['start', id]);
    const { pid } = bench.state(id);
    refused(['start', id]);
    expect(bench.state(id)).toMatchObject({ pid, status: 'running' });
  });

  it('of a stopped container is an error', async () => {
    const id = bench.create(testSpec(['true']));
    bench.ok(['start', id]);
    await stopped(id);
    refused(['start', id]);
    expect(bench.state(id).status).toBe('stopped');
  });
});

describe('kill', () => {
  it('of no id, or an unknown one, is an error', () => {
    refused(['kill']);
    refused(['kill', bench.id(), 'KILL']);
  });

  it('sends the named signal', async () => {
    const script = 'trap "echo got > /tmp/got; exit 0" USR1; echo > /tmp/ready; while :; do sleep 0.05; done';
    const spec = testSpec(['sh', '-c', script], (s) => s.root && Object.assign(s.root, { readonly: false }));
    const id = bench.create(spec);
    const tmp = join(String(bench.state(id).bundle), 'rootfs/tmp');
    bench.ok(['start', id]);
    await until(() => existsSync(join(tmp, 'ready')));
    bench.ok(['kill', id, 'USR1']);
    await until(() => existsSync(join(tmp, 'got')));
    await stopped(id);
  });

  it('of a stopped container is an error without effect', async () => {
    const id = bench.create(testSpec(['true']));
    bench.ok(['start', id]);
    await stopped(id);
    refused(['kill', id, 'TERM']);
    expect(bench.state(id).status).toBe('stopped');
  });

  it('reaches a created container, which is stopped then', async () => {
    const id = bench.create(SLEEP);
    bench.ok(['kill', id, 'KILL']);
    await stopped(id);
  });
});

describe('delete', () => {
  it('of no id, or an unknown one, is an error', () => {
    refused(['delete']);
    refused(['delete', bench.id()]);
  });

  it('of a running container is an error without effect', () => {
    const id = bench.create(SLEEP);
    bench.ok(['start', id]);
    refused(['delete', id]);
    expect(bench.state(id).status).toBe('running');
  });

  it('takes back what create made, and frees the id', async () => {
    const before = mounts();
    const id = bench.create(testSpec(['true']));
    bench.ok(['start', id]);
    await stopped(id);
    bench.ok(['delete', id]);
    refused(['state', id]);
    expect(mounts()).toEqual(before);
    expect(
      spawnSync('find', ['/sys/fs/cgroup', '-type', 'd', '-name', id], { encoding: 'utf8' }).stdout,
    ).toBe('');
    bench.create(SLEEP, id);
  });

  it('leaves what others made: a joined namespace, a bound file', async () => {
    const holder = bench.create(SLEEP);
    const { pid } = bench.state(holder);
    const id = bench.create(
      testSpec(['true'], (s) => {
        for (const ns of s.linux?.namespaces ?? [])
          if (ns.type === 'network') ns.path = `/proc/${pid}/ns/net`;
        s.mounts?.push({
          destination: '/etc/hosts',
          type: 'bind',
          source: '/etc/hosts',
          options: ['rbind', 'ro'],
        });
      }),
    );
    bench.ok(['start', id]);
    await stopped(id);
    bench.ok(['delete', id]);
    expect(existsSync('/etc/hosts')).toBe(true);
    expect(bench.state(holder)).toMatchObject({ status: 'created', pid });
  });
});
