// What a network costs a container: the same `run --rm`, without one, in the bridge, and with a port.

import { networkEngines } from './lib/networks.mjs';

const NONE = 'run --rm --network none';
const BRIDGE = 'run --rm';
const DOCKER_NONE = 'docker run --rm --network none';

export const section = {
  name: 'network',
  order: 13,
  title: 'What a network adds to `run --rm busybox true`',
  about:
    'From the start of the command to the exit code, in a network namespace that stands for a host; dockerd has another. The ' +
    'bridge is up and the firewall is loaded, as the first container of a boot has them made.',
  unit: 'ms',
  base: NONE,
  runs: 40,
  open,
};

async function open(context) {
  const { all, skipped } = await networkEngines(context);
  const run = ({ argv }, ...flags) => {
    const command = [...argv, 'run', '--rm', ...flags, 'busybox', 'true'];
    return () => context.host.ask({ timed: [command] });
  };
  const { tinyrun, docker } = all;
  const contenders = [
    { name: NONE, measure: run(tinyrun, '--network', 'none') },
    { name: BRIDGE, measure: run(tinyrun, '--network', 'bridge') },
    { name: 'run --rm -p 8080:80', measure: run(tinyrun, '--network', 'bridge', '-p', '8080:80') },
  ];
  if (docker)
    contenders.push(
      { name: DOCKER_NONE, measure: run(docker, '--network', 'none') },
      { name: 'docker run --rm', measure: run(docker) },
      { name: 'docker run --rm -p 8080:80', measure: run(docker, '-p', '8080:80') },
    );
  const targets = [{ what: 'at most 6 ms for the bridge', contender: BRIDGE, base: NONE, plus: 6 }];
  return { contenders, targets, skipped };
}
