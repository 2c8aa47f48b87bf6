import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { homeIn, withHome } from '../../../src/runtime/home.ts';

const PASSWD =
  'root:x:0:0:root:/root:/bin/sh\nodd\n1:x:zero:0::/no:/x\nweb:x:33:33::/var/www:/bin/sh\nnone:x:7:7:::\n';
const ROOT = mkdtempSync(join(tmpdir(), 'tinyrun-home-'));
afterAll(() => rmSync(ROOT, { recursive: true }));

test.each([
  [0, '/root'],
  [33, '/var/www'],
  [7, '/'],
  [1, '/'],
])('uid %d lives in %s', (uid, home) => {
  expect(homeIn(PASSWD, uid)).toBe(home);
});

const process = (env: string[], uid = 0) => ({ cwd: '/', env, user: { uid, gid: 0 } });

test('HOME is set where it is missing or empty, and left alone where not', () => {
  mkdirSync(join(ROOT, 'etc'), { recursive: true });
  writeFileSync(join(ROOT, 'etc/passwd'), PASSWD);
  expect(withHome(process(['A=1']), ROOT).env).toEqual(['A=1', 'HOME=/root']);
  expect(withHome(process(['HOME=', 'A=1'], 33), ROOT).env).toEqual(['A=1', 'HOME=/var/www']);
  expect(withHome(process(['HOME=/x']), ROOT).env).toEqual(['HOME=/x']);
});

test('of a variable that is given twice the last one is left, in its place', () => {
  expect(withHome(process(['A=1', 'HOME=/x', 'A=2', 'B=', 'A=3']), ROOT).env).toEqual([
    'HOME=/x',
    'B=',
    'A=3',
  ]);
  expect(withHome(process(['HOME=/x', 'HOME=/y']), ROOT).env).toEqual(['HOME=/y']);
  expect(withHome(process(['HOME=/x', 'HOME='], 33), ROOT).env).toEqual(['HOME=/var/www']);
});

test('a link stays in the root; what is no file is not read', () => {
  rmSync(join(ROOT, 'etc/passwd'));
  symlinkSync('../../../../etc/passwd', join(ROOT, 'etc/passwd'));
  expect(withHome(process([]), ROOT).env).toEqual(['HOME=/']);
  rmSync(join(ROOT, 'etc'), { recursive: true });
  mkdirSync(join(ROOT, 'etc/passwd'), { recursive: true });
  expect(withHome(process([]), ROOT).env).toEqual(['HOME=/']);
});
