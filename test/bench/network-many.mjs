// Two hundred containers in one network.

import { networkEngines, removeAll } from './lib/networks.mjs';

const MANY = 200;
/** Docker takes longer for each, the more there are: fewer of it are in its favour. */
const OF_DOCKER = 40;

export const section = {
  name: 'network-many',
  order: 14,
  title: `A container of ${MANY} in one network`,
  about:
    `\`run -d busybox sleep 10000\` in the bridge, one command after the other, ${MANY} times (docker: ${OF_DOCKER} times): ` +
    'the time of all, divided by how many they are.',
  unit: 'ms',
  base: 'docker',
  runs: 3,
  open,
};

async function open(context) {
  const { all, skipped } = await networkEngines(context);
  const contenders = Object.entries(all).map(([name, { argv }]) => ({
    name,
    measure: async () => {
      const many = name === 'docker' ? OF_DOCKER : MANY;
      const run = [...argv, 'run', '-d', '--network', 'bridge', 'busybox', 'sleep', '10000'];
      const { ms } = await context.host.ask({ timed: Array(many).fill(run) });
      removeAll(argv);
      return ms / many;
    },
  }));
  const targets = [
    { what: '5 × as many a second as docker', contender: 'tinyrun', base: 'docker', factor: 0.2 },
  ];
  return { contenders, targets, skipped };
}
