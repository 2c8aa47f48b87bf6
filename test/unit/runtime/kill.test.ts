import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { signalFirst } from '../../../src/runtime/kill.ts';
import { bootId, parseStat, type StateFile } from '../../../src/runtime/state.ts';

const state = (pid: number): StateFile => ({
  version: 1,
  id: 'x',
  ociVersion: '1.2.0',
  bundle: '/b',
  rootfs: '/b/rootfs',
  created: '2026-01-01T00:00:00Z',
  owner: 0,
  pid,
  startTime: parseStat(readFileSync('/proc/self/stat', 'latin1')).startTime,
  bootId: bootId(),
  fifo: '',
});

test('whether there was anybody is an answer, for whoever asked to word', () => {
  expect(signalFirst(state(process.pid), 0)).toBe(true);
  expect(signalFirst(state(spawnSync('true').pid), 9)).toBe(false);
  expect(signalFirst({ ...state(process.pid), startTime: '1' }, 9)).toBe(false);
});
