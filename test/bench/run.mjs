// One container that runs `true`, from the call to the exit code.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LineChild } from './lib/child.mjs';
import { startDocker } from './lib/docker.mjs';
import { nextId, runtimes } from './lib/oci.mjs';

const API = 'Node API, in process';
const CLI = 'tinyrun run --rm';
const OCI = 'tinyrunc run';
const NODE = 'node -e 0';
const DOCKER = 'docker run --rm --network none';

export const section = {
  name: 'run',
  order: 1,
  title: 'Running `busybox true`',
  about:
    'From the call, or the start of the command, to the exit code. `tinyrun` has its full default hardening (seccomp, ' +
    'capabilities, masked paths, cgroup, overlay); runc, crun and tinyrunc run the bundle of `runc spec`, without ' +
    'seccomp; bubblewrap unshares all namespaces over a bind mount.',
  unit: 'ms',
  base: 'crun run',
  runs: 40,
  open,
};

async function open(context) {
  const { root, directory, state, host, unified, realtime, atEnd } = context;
  const { tinyrunc, runc } = runtimes(context, ['true']);
  const { bundle } = tinyrunc;
  const rootfs = join(bundle, 'rootfs');
  const skipped = [];
  const time = (stopwatch, ...argv) => stopwatch.ask({ timed: [argv] });
  const roots = [join(directory, 'data'), join(state, 'tinyrun')];
  const tinyrun = [join(root, 'bin/tinyrun'), '--data-root', roots[0], '--run-root', roots[1]];
  const api = new LineChild([process.execPath, join(root, 'test/bench/lib/api.cjs'), ...roots]);
  atEnd(() => api.close());
  const docker = await startDocker({ directory: join(directory, 'docker'), rootfs, realtime, atEnd });
  if (docker.why) skipped.push({ name: DOCKER, why: docker.why });
  const contenders = [
    { name: API, measure: async () => (await api.ask({ image: 'busybox', command: ['true'] })).ms },
    {
      name: CLI,
      measure: () => time(host, ...tinyrun, 'run', '--rm', '--network', 'none', 'busybox', 'true'),
    },
    { name: OCI, measure: () => time(host, ...tinyrunc.argv, 'run', '-b', bundle, nextId()) },
    {
      name: 'runc run',
      measure: () => time(host, ...runc.argv, 'run', '-b', runc.bundle, nextId()),
    },
    {
      name: 'crun run',
      measure: () => time(unified, 'crun', '--root', join(state, 'crun'), 'run', '-b', bundle, nextId()),
    },
    {
      name: 'bwrap',
      measure: () =>
        time(
          host,
          'bwrap',
          '--unshare-all',
          '--ro-bind',
          rootfs,
          '/',
          '--proc',
          '/proc',
          '--dev',
          '/dev',
          '/bin/true',
        ),
    },
    { name: NODE, measure: () => time(host, process.execPath, '-e', '0') },
  ];
  if (docker.host && !docker.why)
    contenders.push({
      name: DOCKER,
      measure: () =>
        time(host, 'docker', '-H', docker.host, 'run', '--rm', '--network', 'none', 'busybox', 'true'),
    });
  return { contenders: contenders.filter(installed(skipped)), targets, skipped };
}

const installed = (skipped) => (contender) => {
  const program = { 'crun run': '/usr/bin/crun', 'runc run': '/usr/sbin/runc', bwrap: '/usr/bin/bwrap' }[
    contender.name
  ];
  if (program === undefined || existsSync(program)) return true;
  skipped.push({ name: contender.name, why: 'is not installed' });
  return false;
};

const targets = [
  { what: 'Node API at most 1.0 × crun run', contender: API, base: 'crun run' },
  { what: 'CLI at most 0.25 × docker run --rm --network none', contender: CLI, base: DOCKER, factor: 0.25 },
  { what: 'Node API at most 1.0 × bwrap', contender: API, base: 'bwrap' },
  { what: 'CLI at most node -e 0 + 10 ms', contender: CLI, base: NODE, plus: 10 },
  { what: 'tinyrunc run at most 1.2 × runc run', contender: OCI, base: 'runc run', factor: 1.2 },
];
