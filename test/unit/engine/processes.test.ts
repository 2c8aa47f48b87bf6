import { describe, expect, test } from 'vitest';
import { parsePs, processRow, TITLES } from '../../../src/engine/processes.ts';

/** `(name) S ppid …` with a terminal, times in ticks and the start. */
const stat = (tty: number, ticks: number, start: number) =>
  `7 (a) b) S 3 7 7 ${tty} 7 0 0 0 0 0 ${ticks} ${ticks} 0 0 20 0 1 0 ${start} 0 0`;
const NOW = new Date(2026, 10, 27, 12, 0, 0).getTime() / 1000;
const CLOCK = { now: NOW, uptime: 86400 * 400 };
const row = (given: { tty?: number; ticks?: number; age?: number; cmdline?: string }) => {
  const { tty = 0, ticks = 0, age = 60, cmdline = 'sh\0-c\0a b\0' } = given;
  const process = { pid: 7, stat: stat(tty, ticks, (CLOCK.uptime - age) * 100), user: 'root', cmdline };
  const cells = processRow(process, CLOCK);
  return Object.fromEntries(TITLES.map((title, index) => [title, cells[index]]));
};

describe('a line of ps -ef', () => {
  test('the usual', () => {
    expect(row({})).toEqual({
      UID: 'root',
      PID: '7',
      PPID: '3',
      C: '0',
      STIME: '11:59',
      TTY: '?',
      TIME: '00:00:00',
      CMD: 'sh -c a b',
    });
  });
  test.each([
    [{ age: 86400 * 3 }, 'STIME', 'Nov24'],
    [{ age: 86400 * 390 }, 'STIME', '2025'],
    [{ tty: (136 << 8) | 3 }, 'TTY', 'pts/3'],
    [{ tty: (137 << 8) | 1 }, 'TTY', 'pts/257'],
    [{ tty: (4 << 8) | 1 }, 'TTY', 'tty1'],
    [{ tty: (4 << 8) | 64 }, 'TTY', 'ttyS0'],
    [{ ticks: 1500 }, 'C', '50'],
    [{ ticks: 1500 }, 'TIME', '00:00:30'],
    [{ ticks: 90000 }, 'C', '99'],
    [{ ticks: 50 * 93784, age: 1e6 }, 'TIME', '1-02:03:04'],
    [{ cmdline: '' }, 'CMD', '[a) b]'],
    [{ age: 0 }, 'C', '0'],
  ])('%j: %s is %s', (given, title, text) => expect(row(given)[title]).toBe(text));
});

test('of ps the lines of these processes, threads below them; the last column has what is left', () => {
  const output = 'USER  PID CMD\nroot    7 a b  c\n-       - thread\nroot    8 other\n-       - thread\n\n';
  const columnOf = (fields: string[]) => fields.indexOf('PID');
  expect(parsePs(output, new Set([7]), columnOf)).toEqual({
    titles: ['USER', 'PID', 'CMD'],
    processes: [
      ['root', '7', 'a b c'],
      ['-', '-', 'thread'],
    ],
  });
});
