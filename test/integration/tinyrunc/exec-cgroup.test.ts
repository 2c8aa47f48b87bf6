import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { hostFacts } from '../../../src/runtime/host.ts';
import { Bench } from '../../support/bench.ts';
import { testSpec } from '../../support/spec.ts';

const bench = new Bench();
afterAll(() => bench.dispose());

/** A controller that a cgroup below the root can hand on. */
function controllerOf(root: string | undefined): string | undefined {
  if (root === undefined) return undefined;
  return readFileSync(join(root, 'cgroup.subtree_control'), 'utf8').split(/\s+/).find(Boolean);
}
const controller = controllerOf(hostFacts().cgroup.unifiedRoot);

test.skipIf(controller === undefined)(
  'exec follows the first process into the cgroup it manages (skipped where no controller is on cgroup v2)',
  () => {
    const id = bench.create(testSpec(['sleep', '60']));
    bench.ok(['start', id]);
    const { cgroup, pid } = JSON.parse(readFileSync(join(bench.root, id, 'state.json'), 'utf8')) as {
      cgroup: string;
      pid: number;
    };
    mkdirSync(join(cgroup, 'leaf'));
    writeFileSync(join(cgroup, 'leaf/cgroup.procs'), String(pid));
    // From here on no process may be in the container's top cgroup: clone3 would answer EBUSY.
    writeFileSync(join(cgroup, 'cgroup.subtree_control'), `+${controller}`);
    expect(bench.ok(['exec', id, 'grep', '^0:', '/proc/self/cgroup']).trim()).toMatch(/\/leaf$/);
  },
);
