import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  bootId,
  isAlive,
  parseStat,
  parseState,
  readState,
  type StateFile,
  statusOf,
  writeState,
} from '../../../src/runtime/state.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tinyrun-state-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

function own(): StateFile {
  return {
    version: 1,
    id: 'x',
    ociVersion: '1.2.0',
    bundle: '/b',
    rootfs: '/b/rootfs',
    created: '2026-01-01T00:00:00Z',
    owner: 0,
    pid: process.pid,
    startTime: parseStat(readFileSync('/proc/self/stat', 'latin1')).startTime,
    bootId: bootId(),
    fifo: join(dir, 'no-fifo'),
  };
}

describe('state.json', () => {
  it('is written whole and read back', () => {
    writeState(dir, own());
    expect(readState(dir)).toEqual(own());
    expect(readdirSync(dir)).toEqual(['state.json']);
  });

  it('is undefined where there is none', () => expect(readState(dir)).toBeUndefined());

  it.each(['', '{', '[]', 'null', '{"id":"x"}'])('is refused by name when damaged: %j', (text) => {
    expect(() => parseState(text, '/s/state.json')).toThrow(/\/s\/state.json/);
  });
});

describe('whether a process is still the one', () => {
  it('is so for ourselves', () => {
    expect(isAlive(own())).toBe(true);
    expect(statusOf(own())).toBe('running');
  });

  it('is not after a reboot', () => expect(isAlive({ ...own(), bootId: 'other' })).toBe(false));
  it('is not when the pid was given to another', () =>
    expect(isAlive({ ...own(), startTime: '1' })).toBe(false));
  it('is not for pid 0', () => expect(isAlive({ ...own(), pid: 0 })).toBe(false));

  it('reads a stat whose program name has blanks and parentheses', () => {
    const rest = Array.from({ length: 30 }, (_, i) => String(i + 3));
    const text = `12 (a) b (c) ${['S', ...rest.slice(1)].join(' ')}\n`;
    expect(parseStat(text)).toEqual({ state: 'S', threads: 20, startTime: '22' });
  });
});
