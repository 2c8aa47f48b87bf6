import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ownerName } from '../../../src/store/owner.ts';
import { formatLine } from '../../../src/tinyrunc/log.ts';
import { parseBytes } from '../../../src/tinyrunc/resources.ts';
import { filterPs } from '../../../src/tinyrunc/verbs/ps.ts';
import { VERSION } from '../../../src/tinyrunc/version.ts';

describe('the log', () => {
  it('is one JSON object per line with level, msg and time', () => {
    const line = formatLine('json', 'error', 'a "b"\nc', '2026-01-01T00:00:00Z');
    expect(line.endsWith('}\n')).toBe(true);
    expect(line.split('\n')).toHaveLength(2);
    expect(JSON.parse(line)).toEqual({ level: 'error', msg: 'a "b"\nc', time: '2026-01-01T00:00:00Z' });
  });

  it('is key=value in text, as logrus has it', () => {
    expect(formatLine('text', 'warning', 'x', 't')).toBe('time="t" level=warning msg="x"\n');
  });

  it('that cannot be written hides no error, and in JSON its last line tells why', () => {
    const tinyrunc = (words: string, redirect: string) => {
      const args = ['-c', `"$0" ${words} state nothing ${redirect}`, 'bin/tinyrunc'];
      return spawnSync('sh', args, { encoding: 'utf8' });
    };
    const last = (text: string) => JSON.parse(text.trimEnd().split('\n').at(-1) ?? '');
    const why = { level: 'error', msg: expect.stringContaining('container does not exist') };
    const root = '--root /nonexistent-tinyrunc';
    for (const log of ['', '--log /dev/stderr', '--log /dev/full']) {
      const { status, stderr } = tinyrunc(`${root} ${log} --log-format json`, '');
      expect(status, log).toBe(1);
      if (log === '--log /dev/full') {
        expect(stderr).toContain(`write the log ${log.slice(6)}: `);
        expect(stderr.trimEnd().split('\n').at(-1)).toMatch(/container does not exist/);
      } else expect(last(stderr)).toMatchObject(why);
    }
    const dir = mkdtempSync(join(tmpdir(), 'tinyrunc-log-'));
    for (const [n, closed] of ['2>&-', '2</dev/null', '2>/dev/full'].entries()) {
      expect(tinyrunc(root, closed), closed).toMatchObject({ status: 1, stderr: '' });
      expect(tinyrunc(`${root} --log /dev/full`, closed), closed).toMatchObject({ status: 1, stderr: '' });
      const log = join(dir, String(n));
      expect(tinyrunc(`${root} --log ${log} --log-format json`, closed).status).toBe(1);
      expect(last(readFileSync(log, 'utf8')), closed).toMatchObject(why);
    }
    rmSync(dir, { recursive: true });
  });
});

it('keeps the lines of ps that belong to the container', () => {
  const output =
    'UID          PID    PPID  CMD\nroot           7       1  a 8\nroot           8       1  b\n';
  expect(filterPs(output, new Set([8]))).toBe('UID          PID    PPID  CMD\nroot           8       1  b\n');
  expect(() => filterPs('UID CMD\n', new Set([8]))).toThrow(/PID field/);
});

it('names an owner', () => {
  const passwd = () => 'root:x:0:0::/root:/bin/sh\nme:x:1000:1000::/:/bin/sh\n';
  expect(ownerName(1000, passwd)).toBe('me');
  expect(ownerName(5, passwd)).toBe('');
});

it.each([
  ['64', 64],
  ['64b', 64],
  ['2k', 2048],
  ['1M', 1048576],
  ['1.5 GiB', 1610612736],
  ['-1', -1],
])('reads %s bytes', (text, bytes) => {
  expect(parseBytes('memory', text)).toBe(bytes);
});

it.each(['lots', '-5m', '-2'])('refuses %s, which is no number of bytes', (text) => {
  expect(() => parseBytes('memory', text)).toThrow(text);
});

it('has the version of the package', () => {
  expect(JSON.parse(readFileSync('package.json', 'utf8')).version).toBe(VERSION);
});
