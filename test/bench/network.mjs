// What a network costs a container: the same `run --rm`, without one, in the bridge, and with a port.

import { spawn } from 'node:child_process';
import { join } from 'node:path';

const NONE = 'run --rm --network none';
const BRIDGE = 'run --rm';

export const section = {
  name: 'network',
  order: 2,
  title: 'What a network adds to `run --rm busybox true`',
  about:
    'From the start of the command to the exit code, in a network namespace that stands for a host. The bridge is up and the ' +
    'firewall is loaded, as the first container of a boot has them made.',
  unit: 'ms',
  base: NONE,
  runs: 40,
  open,
};

async function open({ root, directory, state, host, atEnd }) {
  // a network of its own, whose links and rules end with it
  const holder = spawn('unshare', ['--net', 'sh', '-c', 'ip link set lo up; echo up; exec sleep infinity']);
  atEnd(() => holder.kill('SIGKILL'));
  await new Promise((resolve) => holder.stdout.once('data', resolve));
  const inside = ['nsenter', `--net=/proc/${holder.pid}/ns/net`];
  const roots = ['--data-root', join(directory, 'network'), '--run-root', join(state, 'network')];
  const run = (...flags) => {
    const argv = [...inside, join(root, 'bin/tinyrun'), ...roots, 'run', '--rm', ...flags, 'busybox', 'true'];
    return () => host.ask({ timed: [argv] });
  };
  const contenders = [
    { name: NONE, measure: run('--network', 'none') },
    { name: BRIDGE, measure: run('--network', 'bridge') },
    { name: 'run --rm -p 8080:80', measure: run('--network', 'bridge', '-p', '8080:80') },
  ];
  const targets = [{ what: 'at most 6 ms for the bridge', contender: BRIDGE, base: NONE, plus: 6 }];
  return { contenders, targets };
}
