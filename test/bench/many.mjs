// A hundred containers, one started after the other.

import { ask, engines } from './lib/engines.mjs';

const MANY = 100;

export const section = {
  name: 'many',
  order: 11,
  title: `${MANY} detached containers`,
  about: `\`run -d --network none busybox sleep 1000\`, ${MANY} times, one command after the other.`,
  unit: 'ms',
  base: 'docker',
  runs: 3,
  open,
};

async function open(context) {
  const { host } = context;
  const { all, skipped } = await engines(context);
  const contenders = Object.entries(all).map(([name, argv]) => ({
    name,
    measure: async () => {
      const run = [...argv, 'run', '-d', '--network', 'none', 'busybox', 'sleep', '1000'];
      const taken = await host.ask({ timed: Array(MANY).fill(run) });
      ask([...argv, 'rm', '-f', ...ask([...argv, 'ps', '-aq']).split('\n')]);
      return taken;
    },
  }));
  const targets = [
    { what: '5 × as many a second as docker', contender: 'tinyrun', base: 'docker', factor: 0.2 },
  ];
  return { contenders, targets, skipped };
}
