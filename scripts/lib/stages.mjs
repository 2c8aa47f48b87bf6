// The stages of scripts/test.mjs, which runs those of a lane one after another.
import { hostLacksControllers } from '../host-cgroups.mjs';

const vitest = (project) => [
  'node_modules/.bin/vitest',
  'run',
  '--project',
  project,
  '--reporter=default',
  '--reporter=./scripts/vitest-counts.mjs',
];

/** A guest is the work of one processor, and all of it in a row: what else runs makes room, where root asks. */
const FIRST = process.getuid?.() === 0 ? ['nice', '-n', '-3'] : [];

/**
 * `minutes` is when a stage is taken for hung, on a machine that has nothing else to do (patience.mjs). `needs` names the
 * groups of packages (scripts/bootstrap); what has none needs no build either. `skip` gives the reason for leaving a
 * stage out, if there is one. `after` names stages of another lane that must have ended. `prepare` makes from the
 * beginning on, in the background, what the stage asks for again.
 */
export const STAGES = [
  { name: 'check', lane: 'tests', command: ['node', 'scripts/check.mjs'], minutes: 5, needs: [] },
  { name: 'unit', lane: 'tests', command: vitest('unit'), minutes: 5, needs: [] },
  { name: 'unit-addon', lane: 'tests', command: vitest('unit-addon'), minutes: 5, needs: ['build'] },
  {
    name: 'integration',
    lane: 'tests',
    command: vitest('integration'),
    minutes: 15,
    needs: ['build', 'test', 'peers'],
    skip: needsRoot,
  },
  // It makes the embedded image anew, which the tests before it read.
  {
    name: 'package',
    lane: 'tests',
    after: ['prebuild', 'nodes'],
    command: ['scripts/test-package'],
    minutes: 8,
    needs: ['build', 'test'],
    skip: needsRoot,
  },
  { name: 'native', lane: 'builds', command: ['scripts/test-native'], minutes: 12, needs: ['build', 'test'] },
  {
    name: 'sanitizers',
    lane: 'builds',
    command: ['scripts/test-sanitizers'],
    minutes: 10,
    needs: ['build', 'test'],
    skip: needsRoot,
  },
  {
    name: 'nodes',
    lane: 'builds',
    command: ['scripts/test-nodes'],
    minutes: 8,
    needs: ['build', 'test', 'peers'],
    skip: needsRoot,
  },
  {
    name: 'prebuild',
    lane: 'builds',
    command: ['scripts/prebuild', 'x64', 'arm64'],
    minutes: 6,
    needs: ['build', 'test'],
  },
  { name: 'cmake', lane: 'builds', command: ['scripts/test-cmake'], minutes: 8, needs: ['build', 'test'] },
  {
    name: 'vm',
    lane: 'guests',
    command: [...FIRST, 'scripts/test-vm'],
    minutes: 8,
    needs: ['build', 'test', 'vm', 'peers'],
    skip: needsNoVm,
  },
  {
    name: 'vm-systemd',
    lane: 'guests',
    command: [...FIRST, 'scripts/test-vm', 'systemd'],
    prepare: ['scripts/debian-systemd'],
    minutes: 8,
    needs: ['build', 'test', 'vm', 'peers'],
  },
];

function needsRoot() {
  return process.getuid?.() === 0 ? undefined : 'containers need root here, and this is not root';
}

function needsNoVm() {
  return hostLacksControllers() ? undefined : 'this host has the cgroup v2 controllers itself';
}
