import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build } from 'esbuild';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lease, leased, release } from '../../../src/network/lease.ts';
import type { Pool } from '../../../src/network/types.ts';

let dir: string;
let leases: string;
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'tinyrun-lease-'));
  leases = path.join(dir, 'leases');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const SMALL: Pool = { subnet: '10.1.2.0/29', gateway: '10.1.2.1', reserved: { printer: '10.1.2.4' } };
const own = (name: string) => path.join(dir, name);
const take = (name: string, wanted?: string, pool = SMALL) => lease(pool, leases, own(name), name, wanted);

test('neither network, broadcast, gateway nor what is reserved is given away', () => {
  expect(['a', 'b', 'c', 'd'].map((name) => take(name))).toEqual([
    '10.1.2.2',
    '10.1.2.3',
    '10.1.2.5',
    '10.1.2.6',
  ]);
  expect(() => take('e')).toThrow(expect.objectContaining({ code: 'NO_ADDRESS' }));
  expect(existsSync(own('e'))).toBe(false);
});

test('an address rests as long as it can', () => {
  take('a');
  release(own('a'));
  expect([take('b'), take('c'), take('d')]).toEqual(['10.1.2.3', '10.1.2.5', '10.1.2.6']);
  expect(take('e')).toBe('10.1.2.2');
});

test('an owner that is gone has none; to give one back twice takes nothing from its next owner', () => {
  take('a', '10.1.2.6');
  release(own('a'));
  expect(take('b', '10.1.2.6')).toBe('10.1.2.6');
  release(own('a'));
  expect(() => take('c', '10.1.2.6')).toThrow('address 10.1.2.6 is already in use: container b has it');
  expect(leased(leases, readdirSync(leases))).toEqual(new Map([['10.1.2.6', 'b']]));
});

test.each([
  ['10.1.2.1', 'it is the gateway'],
  ['10.1.2.4', 'it is reserved for printer'],
  ['10.1.2.0', 'it is the address of the network itself'],
  ['10.1.2.7', 'it is the broadcast address'],
])('%s cannot be had: %s', (address, why) => {
  expect(() => take('a', address)).toThrow(`address ${address} is already in use: ${why}`);
  expect(existsSync(own('a'))).toBe(false);
});

test('of two addresses, and of one, all can be had', () => {
  const pair: Pool = { subnet: '10.1.2.0/31', reserved: {} };
  expect([take('a', undefined, pair), take('b', undefined, pair)]).toEqual(['10.1.2.0', '10.1.2.1']);
});

test('only those of the range are given away, any of the subnet can be asked for', () => {
  const pool: Pool = { subnet: '10.1.0.0/16', range: '10.1.5.0/31', gateway: '10.1.5.0', reserved: {} };
  expect(take('a', undefined, pool)).toBe('10.1.5.1');
  expect(() => take('b', undefined, pool)).toThrow('all addresses of 10.1.5.0/31 are in use');
  expect(take('b', '10.1.9.9', pool)).toBe('10.1.9.9');
});

test('IPv6 is spelt in one way, whatever is asked for', () => {
  const pool: Pool = { subnet: 'fd00::/64', gateway: 'fd00::1', reserved: {} };
  expect(take('a', undefined, pool)).toBe('fd00::2');
  expect(() => take('b', 'fd00:0:0::0:2', pool)).toThrow('container a has it');
});

test('a cursor that was cut off begins anew', () => {
  mkdirSync(leases);
  writeFileSync(path.join(leases, 'cursor'), '');
  expect(take('a')).toBe('10.1.2.2');
});

// Takes and gives back, on and on; `held/ADDRESS` is there once only, or two had the address at a time.
const WORKER = `
  import { mkdirSync, rmdirSync } from 'node:fs';
  import { lease, release } from ${JSON.stringify(path.resolve('src/network/lease.ts'))};
  const [dir, name, rounds] = process.argv.slice(2);
  const pool = { subnet: '10.9.0.0/23', gateway: '10.9.0.1', reserved: {} };
  for (let round = 0; round < rounds; round++) {
    const files = Array.from({ length: 10 }, (_, n) => dir + '/' + name + '-' + n);
    const addresses = files.map((own) => lease(pool, dir + '/leases', own, name));
    for (const address of addresses) mkdirSync(dir + '/held/' + address);
    console.log(addresses.join(' '));
    if (round === rounds - 1) break;
    files.forEach((own, n) => { rmdirSync(dir + '/held/' + addresses[n]); release(own); });
  }
  process.stdin.resume().on('end', () => process.exit(0));
`;

/** What it printed, once it has ended or `until` is in it. */
function output(child: ChildProcess, until: (text: string) => boolean): Promise<string> {
  let text = '';
  return new Promise((resolve, reject) => {
    child.stdout?.setEncoding('utf8').on('data', (more) => {
      text += more;
      if (until(text)) resolve(text);
    });
    child.on('error', reject).on('close', () => resolve(text));
  });
}

test('200 addresses at once by processes of which some are killed: none is given to two', async () => {
  mkdirSync(path.join(dir, 'held'));
  const script = path.join(dir, 'worker.mjs');
  const stdin = { contents: WORKER, resolveDir: process.cwd(), loader: 'ts' as const };
  // the addon is looked for where the package is
  const define = { 'import.meta.dirname': JSON.stringify(path.resolve('src/store')) };
  await build({ stdin, define, bundle: true, platform: 'node', format: 'esm', outfile: script });
  const rounds = 3;
  const lines = (text: string) => text.split('\n').length - 1;
  const start = (name: string) => spawn(process.execPath, [script, dir, name, `${rounds}`]);
  const workers = Array.from({ length: 24 }, (_, n) => start(`w${n}`));
  const errors: string[] = [];
  for (const worker of workers) worker.stderr?.setEncoding('utf8').on('data', (text) => errors.push(text));
  const killed = workers.slice(20);
  // wherever it is by then
  await Promise.all(
    killed.map(async (worker, n) => {
      const closed = new Promise((resolve) => worker.on('close', resolve));
      await Promise.race([closed, output(worker, (text) => lines(text) > n % rounds)]);
      worker.kill('SIGKILL');
      await closed;
    }),
  );
  const texts = await Promise.all(
    workers.slice(0, 20).map((worker) => output(worker, (text) => lines(text) === rounds)),
  );
  expect(errors.join('')).toBe('');
  const last = texts.flatMap((text) => (text.trim().split('\n').at(-1) ?? '').split(' '));
  expect(new Set(last).size).toBe(200);
  const inUse = leased(leases, readdirSync(leases));
  for (const address of last) expect(inUse.has(address)).toBe(true);
  // what a sweep of the dead does
  for (const name of readdirSync(dir).filter((each) => /^w2[0-3]-/.test(each))) release(own(name));
  expect(leased(leases, readdirSync(leases)).size).toBe(200);
  expect(readFileSync(path.join(leases, last[0] ?? ''), 'utf8')).toMatch(/^w\d+$/);
  for (const worker of workers) worker.stdin?.end();
});
