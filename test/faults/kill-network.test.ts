// SIGKILL at what commands of networks make, take or tell. Whatever the moment, what is there of networks after a sweep is what
// the records of what runs come to, and the same address, port and name can be had again.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createNetwork } from '../../src/engine/networks/create.ts';
import { removeNetwork } from '../../src/engine/networks/networks.ts';
import { sweepAll } from '../../src/engine/sweep.ts';
import { Host } from '../integration/network/support.ts';
import { type NetworkState, stateMeant, stateThere } from '../support/network-state.ts';
import { TINYRUN, until } from '../support/programs.ts';

let host: Host;
beforeAll(async () => {
  host = new Host();
  await host.ok(['network', 'create', '--subnet', '10.9.0.0/24', 'red']);
  // the table is loaded, and a network of others is up
  await host.ok(['run', '--rm', '--network', 'red', 'busybox', 'true']);
});
afterAll(() => host.close());

const place = () => ({ netns: host.netns, dir: host.sandbox.dir });

const roots = () => ({
  dataRoot: path.join(host.sandbox.dir, 'data'),
  runRoot: path.join(host.sandbox.dir, 'run'),
});
/** By functions of the engine, on that host: quicker than commands. */
const done = <T>(act: () => T | Promise<T>): Promise<T> => host.netns.runAsync(async () => act());

/** Kills whoever makes that call for the nth time; whether anybody was. Else it must have gone well: nothing was in its way. */
async function killAt(call: string, n: number, args: readonly string[]): Promise<boolean> {
  const log = path.join(host.sandbox.dir, 'strace');
  const inject = `-f -qq -o ${log} -e trace=${call} -e inject=${call}:signal=SIGKILL:when=${n}`.split(' ');
  writeFileSync(log, '');
  const wasKilled = () => readFileSync(log, 'utf8').includes('killed by SIGKILL');
  let isOver = false;
  const result = host.exec('strace', [...inject, TINYRUN, ...args]).finally(() => {
    isOver = true;
  });
  // strace waits for the resolver, too, which stays until the view of who was killed is swept
  await until(() => isOver || wasKilled());
  while (!isOver) {
    await done(() => sweepAll(roots()));
    // the end of a child is heard in a later turn
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { code, stderr } = await result;
  if (wasKilled()) return true;
  expect([code, stderr], `${call} number ${n}, which nobody made`).toEqual([0, '']);
  return false;
}

/** After a sweep, twice, since it must not mind its own work. */
async function agrees(when: string): Promise<NetworkState> {
  for (let i = 0; i < 2; i++) await done(() => sweepAll(roots()));
  await host.ok(['system', 'gc']);
  // links die, and the monitor of who was killed may be at it meanwhile
  const isSo = () => JSON.stringify(stateThere(place())) === JSON.stringify(stateMeant(place()));
  await until(isSo, 30).catch(() => undefined);
  const there = stateThere(place());
  expect(there, when).toEqual(stateMeant(place()));
  return there;
}

/** One of them is a step; of the others the first are enough. */
const OFTEN = ['sendto', 'link', 'renameat2'];

/** At each call of that name until a command comes to its end. */
async function atEach(
  call: string,
  args: readonly string[],
  check: (when: string) => Promise<void>,
  most = OFTEN.includes(call) ? 9 : 4,
): Promise<void> {
  let last = 0;
  for (let n = 1; n <= most; n++) {
    const killed = await killAt(call, n, args);
    await check(`killed at ${call} number ${n}`);
    if (!killed) break;
    last = n;
  }
  // a call that is never made would prove nothing
  expect(last).toBeGreaterThan(0);
}

const make = (name: string) =>
  done(() => createNetwork(roots(), { name, pools: [{ subnet: '10.8.0.0/24' }] }));
const remove = (name: string) => done(() => removeNetwork(roots(), name, { force: true }));
const ENDPOINT = 'name=web,alias=db,ip=10.8.0.7';
const RUN = ['run', '--rm', '--network', ENDPOINT, '-p', '8080:80', 'busybox', 'true'];
const NOTHING = { links: [], leases: [], names: [], views: [] };

describe('the first start in a network, with a port and names, killed', () => {
  test.each('bind connect sendto link rename renameat2 unlink unlinkat'.split(' '))(
    'at each %s',
    async (call) => {
      await remove('web');
      await make('web');
      await atEach(call, RUN, async (when) => {
        expect(await agrees(when), when).toMatchObject(NOTHING);
        await remove('web');
        expect((await agrees(`${when}, then removed`)).networks, when).toHaveLength(1);
        await make('web');
      });
      await host.ok(RUN);
      expect(await agrees('at the end')).toMatchObject(NOTHING);
      await remove('web');
    },
  );
});

describe('a container that runs', () => {
  beforeAll(async () => {
    await remove('web');
    await make('web');
    await host.sleeper('--name', 'one', '--network', 'red', '-p', '8081:80');
    await host.sleeper('--name', 'other', '--network', 'name=web,ip=10.8.0.9');
  });
  afterAll(async () => {
    await host.ok(['rm', '-f', 'one', 'other']);
    await remove('web');
  });
  const CONNECT = ['network', 'connect', '--ip', '10.8.0.7', '--alias', 'db', 'web', 'one'];
  const LEAVE = ['network', 'disconnect', 'web', 'one'];
  const join = () => host.ok(CONNECT);
  const leave = () => host.ok(LEAVE);
  const isIn = (state: NetworkState): boolean => state.leases.some((line) => line.includes(' 10.8.0.7 '));
  const inside = () => host.in('one', 'ls /sys/class/net; cat /etc/hosts');

  test.each('sendto link rename renameat2 unlink'.split(' '))(
    'killed at each %s as it comes into another network',
    async (call) => {
      await atEach(call, CONNECT, async (when) => {
        if (!isIn(await agrees(when))) await join();
        expect(isIn(await agrees(`${when}, then again`)), when).toBe(true);
        // both ways, by names
        expect(await host.in('other', 'ping -c 1 -W 5 db'), when).toContain('1 packets received');
        expect(await host.in('one', 'ping -c 1 -W 5 other'), when).toContain('1 packets received');
        await leave();
        expect(isIn(await agrees(`${when}, then left`)), when).toBe(false);
        expect(await inside(), when).not.toMatch(/eth1|10\.8\.0\.7/);
      });
    },
  );

  test.each('sendto rename unlink'.split(' '))('killed at each %s as it leaves one', async (call) => {
    await join();
    await atEach(call, LEAVE, async (when) => {
      if (isIn(await agrees(when))) await leave();
      expect(isIn(await agrees(`${when}, then again`)), when).toBe(false);
      expect(await inside(), when).not.toMatch(/eth1|10\.8\.0\.7/);
      await join();
    });
    await leave();
  });
});

test.each('rename symlink'.split(' '))('network create, killed at each %s', async (call) => {
  await atEach(call, ['network', 'create', '--subnet', '10.8.0.0/24', 'made'], async (when) => {
    await agrees(when);
    await remove('made');
    await make('made');
    await remove('made');
  });
});

test.each('sendto unlink unlinkat rename rmdir'.split(' '))('network rm, killed at each %s', async (call) => {
  await remove('web');
  await make('web');
  await host.ok(RUN);
  await atEach(call, ['network', 'rm', 'web'], async (when) => {
    await agrees(when);
    await remove('web');
    expect((await agrees(`${when}, then again`)).networks, when).toHaveLength(1);
    await make('web');
    await host.ok(RUN);
  });
  await remove('web');
});
