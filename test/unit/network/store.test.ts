import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TinyrunError } from '../../../src/errors.ts';
import { BRIDGE, BUILT_IN, HOST, isPredefined } from '../../../src/network/builtin.ts';
import { NetworkStore } from '../../../src/network/store.ts';
import type { NetworkRecord } from '../../../src/network/types.ts';

let root = '';
let store = new NetworkStore('');
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'networks-'));
  store = new NetworkStore(root);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const record = (name: string, digit: string): NetworkRecord => ({
  ...BRIDGE,
  name,
  id: digit.padEnd(64, '0'),
  created: '2026-11-27T00:00:00Z',
  link: `br-${digit.padEnd(12, '0')}`,
});

/** Its code and message. */
function said(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof TinyrunError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return '';
}

test('what is always there needs no file', () => {
  expect(store.list(() => {}).map(({ name }) => name)).toEqual(['bridge', 'host', 'none']);
  expect(store.find('bridge')).toBe(BRIDGE);
  expect(store.find(HOST.id.slice(0, 12))).toBe(HOST);
  expect(store.find(HOST.id)).toBe(HOST);
  expect(new Set(BUILT_IN.map(({ id }) => id.slice(0, 12))).size).toBe(3);
  for (const { id } of BUILT_IN) expect(id).toMatch(/^[0-9a-f]{64}$/);
  expect(['default', 'none', 'web'].map(isPredefined)).toEqual([true, true, false]);
  expect(readdirSync(root)).toEqual([]);
});

test('by id, name, and the beginning of an id', () => {
  const [web, back] = [record('web', 'abc1'), record('abc', 'abc2')];
  store.create(web);
  store.create(back);
  expect(store.find('web')).toEqual(web);
  expect(store.find(web.id)).toEqual(web);
  expect(store.find('abc1')).toEqual(web);
  // a name before the beginning of an id
  expect(store.find('abc')).toEqual(back);
  expect(said(() => store.find('ab'))).toBe(
    'AMBIGUOUS_ID: network ab is ambiguous (2 matches found on name)',
  );
  expect(said(() => store.find('nope'))).toBe('NETWORK_NOT_FOUND: network nope not found');
  expect(said(() => store.find(''))).toBe('NETWORK_NOT_FOUND: network  not found');
  expect(said(() => store.find('../names'))).toBe('NETWORK_NOT_FOUND: network ../names not found');
  expect([store.idOf('web'), store.idOf('abc2'), store.idOf('nope')]).toEqual([web.id, back.id, undefined]);
  expect(store.list(() => {}).map(({ name }) => name)).toEqual(['abc', 'bridge', 'host', 'none', 'web']);
});

test('a name is given once', () => {
  store.create(record('web', 'a1'));
  expect(said(() => store.checkFree('web'))).toBe('NETWORK_EXISTS: network with name web already exists');
  expect(said(() => store.checkFree('web2'))).toBe('');
  expect(said(() => store.checkFree('host'))).toBe(
    'NETWORK_PREDEFINED: operation is not permitted on predefined host network',
  );
  expect(said(() => store.checkFree(' '))).toBe('USAGE: invalid name: name is empty');
  for (const name of ['../x', 'a/b', '.a', 'a b', 'x'.repeat(256), 'a\n'])
    expect(said(() => store.checkFree(name))).toMatch(/^USAGE: invalid name: ".*" is no name of a network$/);
});

test('goes with its name', () => {
  const web = record('web', 'a1');
  store.create(web);
  store.remove(web.id);
  store.remove(web.id);
  expect(store.find('bridge')).toBe(BRIDGE);
  expect(store.read(web.id)).toBeUndefined();
  expect(readdirSync(`${root}/networks/names`)).toEqual([]);
  expect(readdirSync(`${root}/networks`)).toEqual(['names']);
});

test('the record of bridge stands for what is always there', () => {
  const made = { ...BRIDGE, created: '2026-11-27T00:00:00Z', mtu: 1400 };
  store.create(made);
  expect(store.find('bridge')).toEqual(made);
  expect(store.list(() => {})).toHaveLength(3);
  store.remove(BRIDGE.id);
  expect(store.find('bridge')).toBe(BRIDGE);
});

test.each([
  '',
  'null',
  '{"version":1',
  JSON.stringify({ ...record('web', 'a1'), id: 'b'.repeat(64) }),
  JSON.stringify({ ...record('web', 'a1'), version: 2 }),
  JSON.stringify({ ...record('web', 'a1'), name: '../../etc' }),
])('a damaged record is named, and can be removed: %s', (text) => {
  const web = record('web', 'a1');
  store.create(web);
  store.create(record('back', 'b1'));
  writeFileSync(`${root}/networks/${web.id}/network.json`, text);
  const damaged: string[] = [];
  const names = store.list((error) => damaged.push(error.message)).map(({ name }) => name);
  expect(names).toEqual(['back', 'bridge', 'host', 'none']);
  expect(damaged).toEqual([`the record of the network ${web.id.slice(0, 12)} is damaged`]);
  expect(said(() => store.find('a1'))).toMatch(/^STORE_DAMAGED/);
  expect(store.idOf('a1')).toBe(web.id);
  store.remove(web.id);
  expect(store.list((error) => damaged.push(error.message))).toHaveLength(4);
  expect(damaged).toHaveLength(1);
});

test('what somebody was killed at is nobody’s', () => {
  const web = record('web', 'a1');
  mkdirSync(`${root}/networks/names`, { recursive: true });
  // between the name and the record
  symlinkSync('c'.repeat(64), `${root}/networks/names/web`);
  mkdirSync(`${root}/networks/.tmp-${'c'.repeat(64)}`);
  expect(said(() => store.checkFree('web'))).toBe('');
  store.create(web);
  expect(store.find('web')).toEqual(web);
  expect(readdirSync(`${root}/networks`)).toContain(`.tmp-${'c'.repeat(64)}`);
  utimesSync(`${root}/networks/.tmp-${'c'.repeat(64)}`, 1, 1);
  store.create(record('back', 'b1'));
  expect(readdirSync(`${root}/networks`)).not.toContain(`.tmp-${'c'.repeat(64)}`);
  const lock = store.hold();
  lock.release();
});
