// What goes through a network.

import { spawn } from 'node:child_process';
import { addressOf, has, networkEngines, printed, sleeper } from './lib/networks.mjs';

/** Published, of a container; and one of the host's own. */
const PORT = '5201';
const HOST_PORT = '5202';
const SECONDS = 2;
const HOST = '192.0.2.1';

export const section = {
  name: 'network-speed',
  order: 16,
  title: 'What goes through a network',
  about:
    `iperf3, one stream of TCP for ${SECONDS} s, in the network namespaces of containers: milliseconds for a GB. Docker's port ` +
    'by 127.0.0.1 is its userland proxy, by another address of the host its NAT.',
  unit: 'ms',
  base: 'docker, container to container',
  runs: 7,
  open,
};

/** Waits for its first line: it listens. */
async function serve(within, port, atEnd) {
  const argv = [...within, 'iperf3', '-s', '-p', port, '--forceflush'];
  const server = spawn(argv[0], argv.slice(1), { detached: true });
  atEnd(() => server.kill('SIGKILL'));
  await new Promise((resolve) => server.stdout.once('data', resolve));
  server.stdout.resume();
}

function perGigabyte(within, address, port) {
  const text = printed([...within, 'iperf3', '-J', '-t', `${SECONDS}`, '-c', address, '-p', port]);
  return 8e12 / JSON.parse(text).end.sum_received.bits_per_second;
}

async function ways(name, engine, atEnd) {
  const to = sleeper(engine, '-p', `${PORT}:${PORT}`, '--network', 'bridge');
  const from = engine.at(sleeper(engine, '--network', 'bridge'));
  await serve(engine.at(to), PORT, atEnd);
  await serve(engine.host, HOST_PORT, atEnd);
  const all = [
    ['container to host', from, HOST, HOST_PORT],
    ['container to container', from, addressOf(engine, to), PORT],
    ['port by 127.0.0.1', engine.host, '127.0.0.1', PORT],
    ['port by an address of the host', engine.host, HOST, PORT],
  ];
  return all.map(([what, within, address, port]) => ({
    name: `${name}, ${what}`,
    measure: async () => perGigabyte(within, address, port),
  }));
}

async function open(context) {
  if (!has('iperf3')) return { contenders: [], skipped: [{ name: 'speed', why: 'iperf3 is not installed' }] };
  const { all, skipped } = await networkEngines(context);
  const contenders = [];
  for (const [name, engine] of Object.entries(all))
    contenders.push(...(await ways(name, engine, context.atEnd)));
  const target = (what, factor) => ({
    what: factor === 1 ? `${what}: docker's` : `${what}: 0.98 × docker's`,
    contender: `tinyrun, ${what}`,
    base: `docker, ${what}`,
    factor,
  });
  const targets = [
    target('container to host', 1 / 0.98),
    target('container to container', 1 / 0.98),
    target('port by 127.0.0.1', 1),
    target('port by an address of the host', 1),
  ];
  return { contenders, targets, skipped };
}
