// A container whose cgroup is not what it was: moved out of, removed, frozen, or somebody's already.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { hostFacts } from '../../../src/runtime/host.ts';
import type { Spec } from '../../../src/spec/types.ts';
import { Bench } from '../../support/bench.ts';
import { hasEnded, until } from '../../support/programs.ts';
import { type MutableSpec, testSpec } from '../../support/spec.ts';

const bench = new Bench();
const ROOT = hostFacts().cgroup.unifiedRoot ?? '';
const made: string[] = [];
afterAll(() => {
  bench.dispose();
  for (const path of made.reverse()) if (existsSync(path)) rmdirSync(path);
});

function cgroup(name: string): string {
  const path = join(ROOT, `tinyrunc-test-${process.pid}-${name}`);
  mkdirSync(path);
  made.push(path);
  return path;
}

let containers = 0;

/** A running container, of whose processes one has been started by the first. */
async function running(change: (spec: MutableSpec) => void = () => {}): Promise<{ id: string; pid: number }> {
  const spec = testSpec(['sh', '-c', 'sleep 1000 & echo up; exec sleep 1000'], (s) => {
    if (s.linux) s.linux.cgroupsPath = `/tinyrunc-test-${process.pid}-own-${containers++}`;
    change(s);
  });
  const id = bench.create(spec);
  const { pid, bundle } = bench.state(id);
  bench.ok(['start', id]);
  await until(() => readFileSync(join(String(bundle), 'stdout'), 'utf8') === 'up\n');
  return { id, pid };
}

const cgroupOf = (id: string): string =>
  JSON.parse(readFileSync(join(bench.root, id, 'state.json'), 'utf8')).cgroup;

function move(id: string, to: string): number[] {
  const pids = readFileSync(join(cgroupOf(id), 'cgroup.procs'), 'latin1')
    .trim()
    .split('\n')
    .map(Number);
  for (const pid of pids) writeFileSync(join(to, 'cgroup.procs'), String(pid));
  return pids;
}

describe.skipIf(ROOT === '')('a container that was moved, its own cgroup gone', () => {
  it.each([
    ['with a pid namespace of its own', () => {}],
    [
      "in the host's pid namespace",
      (s: MutableSpec) => {
        if (s.linux) s.linux.namespaces = s.linux.namespaces?.filter(({ type }) => type !== 'pid') ?? [];
      },
    ],
  ])('is reached by every verb, %s', async (_, change) => {
    const { id } = await running(change);
    const away = cgroup(`away-${made.length}`);
    const pids = move(id, away);
    rmdirSync(cgroupOf(id));
    expect(pids).toHaveLength(2);
    expect(bench.ok(['exec', id, 'echo', 'in'])).toBe('in\n');
    expect(JSON.parse(bench.ok(['ps', '--format', 'json', id])).sort()).toEqual([...pids].sort());
    expect(JSON.parse(bench.ok(['events', '--stats', id]))).toMatchObject({ type: 'stats', id });
    bench.ok(['pause', id]);
    expect(readFileSync(join(away, 'cgroup.events'), 'latin1')).toContain('frozen 1');
    expect(bench.state(id).status).toBe('paused');
    expect(bench.run(['exec', id, 'true']).stderr).toContain('cannot exec in a paused container');
    bench.ok(['resume', id]);
    expect(bench.state(id).status).toBe('running');
    bench.ok(['update', '-r', '-', id], { input: '{}' });
    bench.ok(['kill', '--all', id, 'KILL']);
    await until(() => pids.every(hasEnded));
    expect(bench.state(id).status).toBe('stopped');
    bench.ok(['kill', '--all', id, 'KILL']);
    bench.ok(['delete', id]);
  });

  it('is not paused along with others, and not through the root of the tree', async () => {
    const { id, pid } = await running();
    const shared = cgroup(`shared-${made.length}`);
    const other = spawn('sleep', ['1000']);
    writeFileSync(join(shared, 'cgroup.procs'), String(other.pid));
    const pids = move(id, shared);
    rmdirSync(cgroupOf(id));
    const refused = bench.run(['pause', id]);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain(`process ${other.pid} is not the container's`);
    expect(bench.run(['events', '--stats', id]).status).toBe(1);
    expect(readFileSync(join(shared, 'cgroup.freeze'), 'latin1')).toBe('0\n');
    bench.ok(['kill', '--all', id, 'TERM']);
    await until(() => pids.filter((each) => each !== pid).every(hasEnded));
    expect(hasEnded(other.pid ?? 0)).toBe(false);
    writeFileSync(join(ROOT, 'cgroup.procs'), String(pid));
    expect(bench.run(['pause', id]).stderr).toContain(`cgroup of container ${id} cannot be found`);
    expect(bench.run(['exec', id, 'true']).stderr).toContain('cannot be found');
    other.kill('SIGKILL');
    await until(() => hasEnded(other.pid ?? 0));
    bench.ok(['delete', '-f', id]);
  });

  const joining = (type: 'pid' | 'mount', path: string) => (spec: MutableSpec) => {
    const rest = spec.linux?.namespaces?.filter((other) => other.type !== type) ?? [];
    if (spec.linux) spec.linux.namespaces = [...rest, { type, path }];
  };

  it('in the pid namespace of another, that one’s processes are none of its own', async () => {
    const { id: other, pid: first } = await running();
    const { id } = await running(joining('pid', `/proc/${first}/ns/pid`));
    const pids = move(id, cgroup(`joined-${made.length}`));
    rmdirSync(cgroupOf(id));
    expect(JSON.parse(bench.ok(['ps', '--format', 'json', id])).sort()).toEqual([...pids].sort());
    bench.ok(['pause', id]);
    bench.ok(['resume', id]);
    bench.ok(['kill', id, 'KILL']);
    await until(() => pids.every(hasEnded));
    expect(hasEnded(first)).toBe(false);
    for (const each of [id, other]) bench.ok(['delete', '-f', each]);
  });

  it('in a mount namespace that it has joined, whoever else is there is none of its own', async () => {
    const lender = spawn('unshare', ['--mount', 'sh', '-c', 'echo in; exec sleep 1000']);
    await once(lender.stdout, 'data');
    const { id } = await running(joining('mount', `/proc/${lender.pid}/ns/mnt`));
    const pids = move(id, cgroup(`lent-${made.length}`));
    rmdirSync(cgroupOf(id));
    expect(JSON.parse(bench.ok(['ps', '--format', 'json', id])).sort()).toEqual([...pids].sort());
    bench.ok(['kill', '--all', id, 'KILL']);
    await until(() => pids.every(hasEnded));
    expect(hasEnded(lender.pid ?? 0)).toBe(false);
    lender.kill('SIGKILL');
    await once(lender, 'exit');
    bench.ok(['delete', '-f', id]);
  });
});

describe('kill', () => {
  it("of a container in the host's pid namespace ends all of it, other signals are for the first process", async () => {
    const { id } = await running((s) => {
      if (s.linux) s.linux.namespaces = s.linux.namespaces?.filter(({ type }) => type !== 'pid') ?? [];
    });
    const pids = JSON.parse(bench.ok(['ps', '--format', 'json', id])) as number[];
    expect(pids).toHaveLength(2);
    bench.ok(['kill', id, 'WINCH']);
    expect(pids.some(hasEnded)).toBe(false);
    bench.ok(['kill', id, 'KILL']);
    await until(() => pids.every(hasEnded));
    expect(bench.run(['kill', id, 'KILL']).stderr).toContain('container not running');
  });
});

describe.skipIf(ROOT === '')('create', () => {
  const intoCgroup = (path: string): Spec =>
    testSpec(['true'], (s) => {
      if (s.linux) s.linux.cgroupsPath = path.slice(ROOT.length);
    });

  it.each(['itself', 'the one above'])('refuses a frozen cgroup by name: %s', (which) => {
    const frozen = cgroup(`frozen-${made.length}`);
    writeFileSync(join(frozen, 'cgroup.freeze'), '1');
    const path = which === 'itself' ? frozen : join(frozen, 'below');
    const id = bench.id();
    for (const verb of ['create', 'run']) {
      const result = bench.run([verb, '-b', bench.bundle(intoCgroup(path)), id]);
      expect(result.status).toBe(1);
      expect(result.stderr).toContain(`container's cgroup unexpectedly frozen: ${frozen}/cgroup.freeze is 1`);
    }
    expect(bench.ok(['list', '-q'])).not.toContain(id);
    expect(readFileSync(join(frozen, 'cgroup.procs'), 'latin1')).toBe('');
  });
});
