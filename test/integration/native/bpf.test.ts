import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { encode } from '../../../src/plan/encode.ts';
import { hostFacts } from '../../../src/runtime/host.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'tinyrun-bpf-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** r0 = 0, over and over, then exit: what the verifier takes several milliseconds for. */
function longProgram(): Uint8Array {
  const instructions = new BigUint64Array(100_000).fill(0xb7n);
  instructions[instructions.length - 1] = 0x95n;
  return new Uint8Array(instructions.buffer);
}

/** Runs `body` in a process of its own whose main thread gets a SIGPROF every 100 µs; `program`, `plan`, `addon` are there. */
function underProfiler(body: string, plan: Uint8Array): string {
  const script = `
    const addon = require(${JSON.stringify(resolve('build/Release/tinyrun.node'))});
    const [program, plan] = JSON.parse(require('node:fs').readFileSync(0, 'utf8')).map((t) => Buffer.from(t, 'base64'));
    for (let n = 0; n < 20; n++) { ${body} }
    console.log('done');`;
  const flags = ['--cpu-prof', '--cpu-prof-interval', '100', '--cpu-prof-dir', dir];
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, '-e', script], {
    input: JSON.stringify([longProgram(), plan].map((bytes) => Buffer.from(bytes).toString('base64'))),
    encoding: 'utf8',
    timeout: 120_000,
  });
  return stdout + stderr;
}

// With a signal pending the verifier gives up: EAGAIN, as often as one asks.
test('a device program is loaded while signals keep coming', () => {
  expect(underProfiler('addon.close(addon.bpfLoadDevice(program));', new Uint8Array())).toBe('done\n');
});

test('and by a step of a plan', () => {
  const { unifiedRoot } = hostFacts().cgroup;
  if (unifiedRoot === undefined) throw new Error('no cgroup2 on this host');
  const path = `tinyrun-test-bpf-${process.pid}`;
  const why = 'a test';
  const plan = encode({
    steps: [
      {
        op: 'cgroupCreate',
        lane: 'host',
        args: { root: unifiedRoot, path, controllers: [], slot: 32 },
        why,
      },
      { op: 'cgroupDevices', lane: 'host', args: { slot: 32, program: longProgram() }, why },
      { op: 'cgroupRemove', lane: 'host', args: { path: join(unifiedRoot, path) }, why },
    ],
  });
  const body = `
    const machine = addon.machine(plan, {});
    const { state, failure } = machine.runSync();
    machine.close();
    if (state !== 'done') throw new Error(JSON.stringify(failure));`;
  const cgroup = join(unifiedRoot, path);
  onTestFinished(() => {
    if (existsSync(cgroup)) rmdirSync(cgroup);
  });
  expect(underProfiler(body, plan)).toBe('done\n');
});
