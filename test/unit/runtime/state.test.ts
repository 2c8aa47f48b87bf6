import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  bootId,
  checkId,
  containerDir,
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

describe('ids', () => {
  it.each(['a', 'A_b+c-d.e', 'x'.repeat(1024), '0'])('takes %s', (id) => checkId(id));
  it.each(['', '.', '..', '../x', 'a/b', 'a b', 'é', '~a', 'x'.repeat(1025), 'a\0'])('refuses %j', (id) => {
    expect(() => checkId(id)).toThrow(/container id cannot be empty|invalid container ID format/);
  });

  it('have a directory whose name a file system can hold, and no two the same', () => {
    const long = 'x'.repeat(1024);
    expect(containerDir('/r', 'a')).toBe('/r/a');
    expect(containerDir('/r', long).length).toBeLessThan(255);
    expect(containerDir('/r', long)).not.toBe(containerDir('/r', `${long.slice(1)}y`));
  });
});

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
    expect(parseStat(text)).toEqual({ state: 'S', startTime: '22' });
  });
});
