import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { decode } from '../../src/plan/decode.ts';
import { STEPS } from '../../src/plan/steps.gen.ts';
import { syscallOf } from '../../src/plan/syscall.ts';
import { GONE } from '../../src/plan/undo.ts';
import { sampleStep } from './plan/samples.ts';

const ROOT = join(import.meta.dirname, '../..');

test('src/plan/steps.gen.ts is what native/steps.def says', () => {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/gen-steps.mjs', '--check'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
});

test('opcodes count the steps of steps.def from 1', () => {
  const text = readFileSync(join(ROOT, 'native/steps.def'), 'utf8');
  const names = [...text.matchAll(/^STEP\((\w+),/gm)].map((match) => match[1]);
  expect(Object.entries(STEPS).map(([name, { code }]) => [name, code])).toEqual(
    names.map((name, index) => [name, index + 1]),
  );
});

test('what is in journals of earlier versions keeps its opcode', () => {
  const UNDO = {
    cgroupKill: 81,
    cgroupRemove: 83,
    umount: 85,
    unlink: 76,
    rmdir: 74,
    removeTree: 77,
    netlink: 89,
  };
  expect(
    Object.fromEntries(Object.keys(GONE).map((op) => [op, STEPS[op as keyof typeof GONE].code])),
  ).toMatchObject(UNDO);
});

test('the fuzzer of the decoder starts from a plan with every step', () => {
  const seed = decode(readFileSync(join(ROOT, 'native/test/corpus/every-step')));
  expect(seed.map(({ op }) => op)).toEqual(Object.keys(STEPS));
});

test('what is gone is gone for the monitor, too: isGone in native/init/undo.cc is GONE', () => {
  const text = readFileSync(join(ROOT, 'native/init/undo.cc'), 'utf8');
  const body = /bool isGone\([\s\S]*?\n}\n/.exec(text)?.[0] ?? '';
  const told: Record<string, string[]> = {};
  let names: string[] = [];
  for (const [, name, errnos] of body.matchAll(/case Op::(\w+):(?: return ([^;]*);)?/g)) {
    names.push(name ?? '');
    if (errnos === undefined) continue;
    for (const each of names) told[each] = errnos.match(/\bE[A-Z]+/g) ?? [];
    names = [];
  }
  expect(told).toEqual(GONE);
});

test('every step can be told as system calls', () => {
  for (const op of Object.keys(STEPS)) expect(syscallOf(sampleStep(op as keyof typeof STEPS))).toMatch(/\S/);
});
