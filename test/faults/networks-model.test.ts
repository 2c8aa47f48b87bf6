// Networks under several hands: containers come, go, join, leave and change their names, networks are made and removed, commands and
// monitors are killed, the ruleset is flushed. At each quiet point what there is of networks (bridges, links, elements, leases,
// names, views) is what the records of what runs come to, and nothing else. TINYRUN_SEED repeats an order;
// TINYRUN_NETWORK_OPERATIONS goes on until so many verbs were tried, by TINYRUN_NETWORK_ACTORS at once.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Host } from '../integration/network/support.ts';
import { stateMeant, stateThere } from '../support/network-state.ts';
import { until } from '../support/programs.ts';

const SEED = Number(process.env.TINYRUN_SEED ?? Date.now() % 1_000_000);
const OPERATIONS = Number(process.env.TINYRUN_NETWORK_OPERATIONS ?? 24);
const ACTORS = Number(process.env.TINYRUN_NETWORK_ACTORS ?? 3);
/** Of each actor, between two quiet points. */
const ROUND = 4;

let host: Host;
beforeAll(() => {
  host = new Host();
});
afterAll(() => host.close());

/** mulberry32: small, and the same everywhere. */
function randomOf(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const NAMES = ['a', 'b', 'c', 'd', 'e'];
const NETS = ['bridge', 'red', 'blue', 'green'];
const PORTS = ['8080', '8081'];
const SLEEP = ['busybox', 'sleep', '1000'];

/** One verb, of what anybody may do to names that all share. */
function verb(random: () => number): string[] {
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T;
  const [name, net] = [pick(NAMES), pick(NETS)];
  const made = [
    '--name',
    name,
    '--network',
    `name=${net},alias=all`,
    ...(random() < 0.4 ? ['-p', `${pick(PORTS)}:80`] : []),
  ];
  return pick([
    ['run', '-d', ...made, ...SLEEP],
    ['run', '-d', '--rm', ...made, ...SLEEP],
    ['create', ...made, ...SLEEP],
    ['start', name],
    ['stop', '-t', '0', name],
    ['rm', '-f', name],
    ['rename', name, pick(NAMES)],
    ['network', 'connect', net, name],
    ['network', 'connect', net, name],
    ['network', 'disconnect', net, name],
    ['network', 'create', pick(NETS.slice(1))],
    ['network', 'rm', pick(NETS.slice(1))],
  ]);
}

async function act(random: () => number, log: string[]): Promise<void> {
  for (let n = 0; n < ROUND; n++) {
    const args = verb(random);
    const what = random();
    log.push(args.join(' '));
    const running = host.killable(args);
    if (what < 0.15) setTimeout(() => running.kill(), random() * 200);
    const { code, stderr } = await running.result;
    if (what > 0.95) host.netns.exec('nft', ['flush', 'ruleset']);
    // whoever fights for a name is refused; nobody hears of a defect
    expect({ args, code, stderr }).toMatchObject({
      code: expect.toBeOneOf([0, 1, 125, -1]),
      stderr: expect.not.stringMatching(
        /EEXIST|ENODEV|CLEANUP|clean up|ended by SIG(?!KILL)|TypeError|\bat .*\.ts:/,
      ),
    });
  }
}

/** Once nobody is at work: the table is brought to what runs by the next who comes up. */
async function compare(when: string): Promise<void> {
  await host.ok(['ps', '-a']);
  await host.ok(['system', 'gc']);
  const mended = ['run', '--rm', '--network', 'bridge', '-p', '8099:80', 'busybox', 'true'];
  await host.ok(mended);
  const place = { netns: host.netns, dir: host.sandbox.dir };
  const isSo = () => JSON.stringify(stateThere(place)) === JSON.stringify(stateMeant(place));
  await until(isSo, 20).catch(() => undefined);
  expect(stateThere(place), when).toEqual(stateMeant(place));
}

test(`networks and containers, seed ${SEED}`, { timeout: 240_000 + OPERATIONS * 4000 }, async () => {
  const log: string[] = [];
  try {
    for (let round = 0; log.length < OPERATIONS; round++) {
      const seeds = randomOf(SEED + round);
      await Promise.all(Array.from({ length: ACTORS }, () => act(randomOf(seeds() * 2 ** 32), log)));
      await compare(`round ${round}`);
    }
  } catch (error) {
    console.error(`TINYRUN_SEED=${SEED}\n${log.slice(-30).join('\n')}`);
    throw error;
  }
});
