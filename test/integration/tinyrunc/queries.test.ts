// What is asked of a container that is there, and what is changed of it: state, list, ps, events, pause, resume, update.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostFacts } from '../../../src/runtime/host.ts';
import { Bench } from '../../support/bench.ts';
import { until } from '../../support/programs.ts';
import { testSpec } from '../../support/spec.ts';

let bench: Bench;
beforeAll(() => {
  bench = new Bench();
});
afterAll(() => bench.dispose());

const SLEEP = ['sleep', '1000'];

function status(id: string): string {
  return bench.state(id).status;
}

describe('state and list', () => {
  it('show what runc shows', () => {
    const spec = testSpec(SLEEP, (s) => {
      s.annotations = { 'a.b': 'c' };
    });
    const id = bench.create(spec);
    const state = bench.state(id);
    expect(Object.keys(state)).toEqual([
      'ociVersion',
      'id',
      'pid',
      'status',
      'bundle',
      'rootfs',
      'created',
      'annotations',
      'owner',
    ]);
    expect(state).toMatchObject({
      rootfs: join(String(state.bundle), 'rootfs'),
      annotations: { 'a.b': 'c' },
    });
    const listed = JSON.parse(bench.ok(['list', '-f', 'json'])) as { id: string; owner: string }[];
    expect(listed.find((entry) => entry.id === id)).toMatchObject({ owner: 'root', status: 'created' });
    expect(bench.ok(['list', '-q']).split('\n')).toContain(id);
    expect(bench.ok(['list']).split('\n')[0]).toMatch(/^ID +PID +STATUS +BUNDLE +CREATED +OWNER$/);
  });

  it('list nothing where there is nothing', () => {
    const empty = join(bench.dir, 'empty');
    mkdirSync(empty);
    expect(bench.ok(['--root', empty, 'list', '-f', 'json'])).toBe('null');
    expect(bench.ok(['--root', empty, 'list', '-q'])).toBe('');
    const missing = join(bench.dir, 'never-made');
    expect(bench.ok(['--root', missing, 'list'])).toMatch(/^ID +PID +STATUS +BUNDLE +CREATED +OWNER\n$/);
    expect(bench.ok(['--root', missing, 'list', '-f', 'json'])).toBe('null');
    expect(existsSync(missing)).toBe(false);
  });

  it('know a stopped container, with pid 0', async () => {
    const id = bench.create(testSpec(['true']));
    bench.ok(['start', id]);
    await until(() => status(id) === 'stopped');
    expect(bench.state(id).pid).toBe(0);
  });
});

describe('pause and resume', () => {
  it('freeze and thaw', () => {
    const id = bench.create(testSpec(SLEEP));
    bench.ok(['start', id]);
    bench.ok(['pause', id]);
    expect(status(id)).toBe('paused');
    expect(bench.run(['start', id]).stderr).toContain('cannot start a container in the paused state');
    const exec = bench.run(['exec', id, 'true']);
    expect(exec.status).toBe(255);
    expect(exec.stderr).toContain('cannot exec in a paused container');
    bench.ok(['resume', id]);
    expect(status(id)).toBe('running');
    expect(bench.run(['resume', id]).stderr).toContain('container not paused');
    bench.ok(['pause', id]);
    bench.ok(['delete', '--force', id]);
  });
});

describe('ps and events', () => {
  it('show the processes', () => {
    const id = bench.create(testSpec(SLEEP));
    const { pid } = bench.state(id);
    expect(JSON.parse(bench.ok(['ps', '--format', 'json', id]))).toEqual([pid]);
    const table = bench.ok(['ps', id]).trim().split('\n');
    expect(table).toHaveLength(2);
    expect(table[1]).toContain(String(pid));
  });

  it('show statistics once with --stats', () => {
    const id = bench.create(testSpec(SLEEP));
    bench.ok(['start', id]);
    const event = JSON.parse(bench.ok(['events', '--stats', id]));
    expect(event).toMatchObject({ type: 'stats', id, data: { cpu: {}, memory: {}, pids: {} } });
  });
});

describe('update', () => {
  it('warns once per controller that cgroup v2 lacks, and goes on', () => {
    const id = bench.create(testSpec(SLEEP));
    const result = bench.run(['update', '--resources=-', id], {
      input: JSON.stringify({ memory: { limit: 1 << 26, reservation: 1 << 25 }, pids: { limit: 50 } }),
    });
    expect(result.status).toBe(0);
  });

  it('refuses what is invalid by its path', () => {
    const id = bench.create(testSpec(SLEEP));
    const result = bench.run(['update', '-r', '-', id], { input: '{"memory":{"limit":"lots"}}' });
    expect(result.status).toBe(1);
    expect(result.stderr).toContain('memory.limit');
  });

  it('refuses a value that no kernel takes', () => {
    const id = bench.create(testSpec(SLEEP));
    const refused = {
      '--blkio-weight=5': 'blockIO.weight: 5 is not between 10 and 1000',
      '--blkio-weight=1001': 'blockIO.weight',
      '--cpu-period=5': 'cpu.period: 5 is not between',
      '--cpuset-cpus=3-1': 'is not a list',
      '--memory=-2': 'no number of bytes',
    };
    for (const [flag, said] of Object.entries(refused)) {
      const result = bench.run(['update', flag, id]);
      expect(result.status).toBe(1);
      expect(result.stderr).toContain(said);
    }
  });

  // hugetlb: the one controller that hybrid hosts have on cgroup v2, too
  const { controllers, unifiedRoot = '' } = hostFacts().cgroup;
  it.skipIf(!controllers.includes('hugetlb'))(
    'puts back what was there when a later value is refused',
    () => {
      const path = `tinyrunc-test-${process.pid}-update`;
      const spec = testSpec(SLEEP, (s) => {
        if (s.linux) s.linux.cgroupsPath = `/${path}`;
      });
      const id = bench.create(spec);
      const limit = () => readFileSync(join(unifiedRoot, path, 'hugetlb.2MB.max'), 'utf8').trim();
      const update = (bytes: number, unified: object) =>
        bench.run(['update', '-r', '-', id], {
          input: JSON.stringify({ hugepageLimits: [{ pageSize: '2MB', limit: bytes }], unified }),
        });
      expect(update(8 << 20, {}).status).toBe(0);
      expect(limit()).toBe(String(8 << 20));
      const refused = update(4 << 20, { 'cgroup.max.depth': '-5' });
      expect(refused.status).toBe(1);
      expect(refused.stderr).toContain('cgroup.max.depth');
      expect(refused.stderr).not.toContain('putting back');
      expect(limit()).toBe(String(8 << 20));
    },
  );
});
