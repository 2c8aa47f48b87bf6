import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { isAstray } from '../../../src/network/firewall/astray.ts';
import { BASE, VERSION } from '../../../src/network/firewall/base.ts';
import { elementsOf } from '../../../src/network/firewall/elements.ts';
import { elementsIn, findNft, listed } from '../../../src/network/firewall/nft.ts';
import { ensureBase, restore, withTable } from '../../../src/network/firewall/restore.ts';
import { addNetwork, addPorts, movePorts } from '../../../src/network/firewall/steps.ts';
import type { Attachment, BoundPort, NetworkRecord } from '../../../src/network/types.ts';
import { type Element, elementBatch, identityOf } from '../../../src/plan/netlink/sets.ts';
import type { Step } from '../../../src/plan/types.ts';
import { undoSteps } from '../../../src/plan/undo.ts';
import { launchSync } from '../../../src/runtime/launch.ts';
import { Netns } from '../../support/netns.ts';

const host = new Netns();
const dir = mkdtempSync(join(tmpdir(), 'tinyrun-firewall-'));
afterAll(() => {
  host.dispose();
  rmSync(dir, { recursive: true });
});

const network: NetworkRecord = {
  version: 1,
  id: 'a'.repeat(64),
  name: 'front',
  created: '2026-11-27T00:00:00Z',
  driver: 'bridge',
  link: 'br-front',
  pools: [
    { subnet: '172.18.0.0/16', gateway: '172.18.0.1', reserved: {} },
    { subnet: 'fd00:18::/64', gateway: 'fd00:18::1', reserved: {} },
  ],
  internal: false,
  icc: true,
  masquerade: true,
  mtu: 1500,
  options: {},
  labels: {},
};

const endpoint = (last: number): Attachment => ({
  network: network.id,
  hostLink: `tr${last}`,
  as: 'eth0',
  mac: '02:42:ac:12:00:05',
  addresses: [`172.18.0.${last}/16`, `fd00:18::${last}/64`],
  gateways: ['172.18.0.1', 'fd00:18::1'],
  aliases: [],
  metric: 1024,
});

const PORTS: BoundPort[] = [
  { protocol: 'tcp', container: 80, host: 8080 },
  { protocol: 'udp', container: 53, host: 5353, address: '127.0.0.1' },
  { protocol: 'sctp', container: 7, host: 7, address: 'fd00:1::1' },
  { protocol: 'tcp', container: 81, host: 8081, address: '0.0.0.0' },
];

const change = (args: ReturnType<typeof elementBatch>): Step => ({
  op: 'netlink',
  lane: 'host',
  args,
  why: 'test',
});
const run = (...steps: Step[]) => host.run(() => launchSync({ plan: { steps } }));
const load = () => host.exec('nft', ['-f', '-'], BASE);
const there = () => host.run(() => elementsIn(listed(findNft(), 'table')));
const same = (elements: readonly Element[]) => elements.map(identityOf).sort();

function refusal(...steps: Step[]): unknown {
  try {
    run(...steps);
  } catch (error) {
    return error;
  }
  return undefined;
}

beforeEach(() => {
  host.exec('nft', ['flush', 'ruleset']);
});

describe('the table', () => {
  test('is one that nft takes, again and again, and as it lists it', () => {
    load();
    load();
    const text = host.exec('nft', ['list', 'table', 'inet', 'tinyrun']);
    expect(text).toContain(`chain ${VERSION} {`);
    expect(text).toContain('comment "straight to a container"');
    host.exec('nft', ['flush', 'ruleset']);
    host.exec('nft', ['-f', '-'], text);
  });
});

describe('elements', () => {
  const elements = elementsOf(
    network,
    PORTS.map((port) => ({ port, to: endpoint(5) })),
  );

  test('are what the records say, read back by nft', () => {
    load();
    run(change(elementBatch({ add: elements })));
    expect(same(there())).toEqual(same(elements));
    const text = host.exec('nft', ['list', 'table', 'inet', 'tinyrun']);
    expect(text).toContain('elements = { 172.18.0.0/16 . "br-front" }');
    expect(text).toContain('elements = { 172.18.0.0/16 }');
    expect(text).toMatch(/tcp \. 8080 : 172\.18\.0\.5 \. 80\b/);
    expect(text).toContain('127.0.0.1 . udp . 5353 : 172.18.0.5 . 53');
    expect(text).toContain('tcp . 8080 : fd00:18::5 . 80');
    expect(text).toContain('fd00:1::1 . sctp . 7 : fd00:18::5 . 7');
  });

  test('come and go as steps; what is gone is taken back without complaint', () => {
    load();
    const plan = { steps: [...addNetwork(network), ...addPorts(network, endpoint(5), PORTS)] };
    host.run(() => launchSync({ plan }));
    expect(same(there())).toEqual(same(elements));
    const undo = undoSteps(plan);
    host.run(() => launchSync({ plan: { steps: undo } }));
    expect(there()).toEqual([]);
    // of flows there are none, which is success
    const codes = () =>
      host.run(() => launchSync({ plan: { steps: undo }, trace: true })).results.map(({ code }) => code);
    const gone = undo.map(({ op }) => (op === 'netlink' ? 'ENOENT' : undefined));
    expect(codes()).toEqual(gone);
    host.exec('nft', ['flush', 'ruleset']);
    expect(codes()).toEqual(gone);
  });

  test('of a batch are all there, or none', () => {
    load();
    const [first, ...rest] = elements as [Element, ...Element[]];
    run(change(elementBatch({ add: [first] })));
    expect(String(refusal(change(elementBatch({ add: [...rest, first] }))))).toContain('EEXIST');
    expect(same(there())).toEqual(same([first]));
    const missing = change(elementBatch({ remove: [first, ...rest] }));
    expect(String(refusal(missing))).toContain('ENOENT');
    expect(same(there())).toEqual(same([first]));
  });

  test('a thousand of them are one datagram', () => {
    load();
    const many = Array.from({ length: 1000 }, (_, index): Element => {
      const port: BoundPort = { protocol: 'tcp', container: 80, host: 10_000 + index };
      return { set: 'any6', key: [port.protocol, port.host], data: ['fd00::5', 80] };
    });
    run(change(elementBatch({ add: many })));
    expect(there()).toHaveLength(1000);
    run(change(elementBatch({ remove: many })));
    expect(there()).toEqual([]);
  });

  test('ports move from one endpoint to another', () => {
    load();
    run(...addPorts(network, endpoint(5), PORTS));
    run(...movePorts(endpoint(5), endpoint(6), PORTS));
    const moved = PORTS.map((port) => ({ port, to: endpoint(6) }));
    const ports = (each: Element) => each.data !== undefined;
    expect(same(there())).toEqual(same(elementsOf(network, moved).filter(ports)));
  });
});

describe('restore', () => {
  const elements = elementsOf(
    network,
    PORTS.map((port) => ({ port, to: endpoint(5) })),
  );
  const start = async () => run(...addPorts(network, endpoint(5), PORTS));
  const mend = (wanted: readonly Element[]) => () => host.runAsync(() => restore(dir, () => wanted));
  const ports = elements.filter(({ data }) => data !== undefined);

  test('no table: it is made, and the element finds it the second time', async () => {
    await withTable(start, mend([]));
    expect(same(there())).toEqual(same(ports));
  });

  test.each([
    ['another version', () => host.exec('nft', ['-f', '-'], BASE.replaceAll(VERSION, 'v-other'))],
    ['a table that has nothing of ours', () => host.exec('nft', ['add', 'table', 'inet', 'tinyrun'])],
    ['what nobody owns', () => run(change(elementBatch({ add: [{ set: 'bridges', key: ['br-gone'] }] })))],
    ['all but one', () => run(change(elementBatch({ add: elements.slice(1) })))],
    ['as it should be', () => run(change(elementBatch({ add: elements })))],
  ])('%s', async (_, break_) => {
    load();
    break_();
    await mend(elements)();
    expect(same(there())).toEqual(same(elements));
    expect(host.run(() => listed(findNft(), 'chain', VERSION))).toBeDefined();
  });

  test('an element of somebody who is gone is in the way once', async () => {
    load();
    run(...addPorts(network, endpoint(9), PORTS));
    await withTable(start, mend([]));
    expect(same(there())).toEqual(same(ports));
  });

  test('what is in the way for good is told', async () => {
    load();
    run(...addPorts(network, endpoint(9), PORTS));
    const theirs = PORTS.map((port) => ({ port, to: endpoint(9) }));
    const wanted = elementsOf(network, theirs).filter(({ data }) => data !== undefined);
    await expect(withTable(start, mend(wanted))).rejects.toThrow(
      /change the firewall: NFT_MSG_NEWSETELEM: E(EXIST|BUSY)/,
    );
    expect(same(there())).toEqual(same(wanted));
  });

  test('other failures are not the table', async () => {
    expect(isAstray(refusal(change({ ...elementBatch({ add: ports }), device: 'nope' })))).toBe(false);
    expect(isAstray(new Error('x'))).toBe(false);
    await expect(withTable(() => Promise.reject(new Error('x')), mend([]))).rejects.toThrow('x');
  });

  test('a table that is as it should be is left alone', async () => {
    const ensure = () => host.runAsync(() => ensureBase(dir, () => []));
    await ensure();
    run(change(elementBatch({ add: elements })));
    await ensure();
    expect(same(there())).toEqual(same(elements));
  });
});
