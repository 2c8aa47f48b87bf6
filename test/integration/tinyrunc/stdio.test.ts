// Who owns the streams: the program's user, so that it can open /dev/stdout again; but never a device, nor a file that
// was given for reading.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bench } from '../../support/bench.ts';
import { TINYRUNC, until } from '../../support/programs.ts';
import { testSpec } from '../../support/spec.ts';

const UID = 1234;
let bench: Bench;
beforeAll(() => {
  bench = new Bench();
});
afterAll(() => bench.dispose());

/** A bundle whose program is run by a user without privileges. */
function bundleOf(script: string): string {
  return bench.bundle(
    testSpec(['sh', '-c', script], (spec) => {
      if (spec.process) Object.assign(spec.process, { user: { uid: UID, gid: UID }, capabilities: {} });
    }),
  );
}

function runDetached(bundle: string, streams: readonly [number, number, number]): string {
  const id = bench.id();
  const args = ['--root', bench.root, 'run', '-d', '-b', bundle, id];
  expect(spawnSync(TINYRUNC, args, { stdio: [...streams], timeout: 120_000 }).status).toBe(0);
  return id;
}

const REOPEN = 'echo out >/proc/self/fd/1; echo err >/proc/self/fd/2';

describe('the streams of a program that is not root', () => {
  it('are its own when they are files for output, not those for input', async () => {
    const [input, output] = [join(bench.dir, 'in'), join(bench.dir, 'out')];
    writeFileSync(input, 'secret\n', { mode: 0o600 });
    const streams = [openSync(input, 'r'), openSync(output, 'a'), openSync(output, 'a')] as const;
    const id = runDetached(bundleOf(`cat; ${REOPEN.replaceAll('>', '>>')}`), streams);
    streams.forEach(closeSync);
    await until(() => bench.state(id).status === 'stopped');
    expect(readFileSync(output, 'utf8')).toBe('secret\nout\nerr\n');
    expect(statSync(output)).toMatchObject({ uid: UID, gid: 0 });
    expect(statSync(input)).toMatchObject({ uid: 0, mode: 0o100600 });
  });

  it('are its own when they are pipes', async () => {
    const args = ['--root', bench.root, 'run', '-b', bundleOf(REOPEN), bench.id()];
    const result = spawnSync('sh', ['-c', '"$0" "$@" 2>&1 | cat', TINYRUNC, ...args], { encoding: 'utf8' });
    expect(result.stdout).toBe('out\nerr\n');
  });

  it('stay the host’s when they are devices', async () => {
    const [zero, terminal] = [join(bench.dir, 'zero'), join(bench.dir, 'terminal')];
    spawnSync('mknod', ['-m', '666', zero, 'c', '1', '5']);
    const device = openSync(zero, 'r+');
    const id = runDetached(bundleOf('sleep 1000'), [device, device, device]);
    closeSync(device);
    expect(statSync(zero).uid).toBe(0);
    expect(statSync('/dev/null').uid).toBe(0);
    bench.ok(['delete', '-f', id]);
    // The terminal that the caller sits at: stdin without process.terminal.
    const run = `${TINYRUNC} --root ${bench.root} run -b ${bundleOf('true')} ${bench.id()}`;
    const session = spawn('script', ['-qec', `${run}; stat -c %u $(tty) >${terminal}`, '/dev/null'], {
      stdio: 'ignore',
    });
    await once(session, 'exit');
    expect(readFileSync(terminal, 'utf8')).toBe('0\n');
  });

  it('of an exec are its own, too', () => {
    const id = bench.create(testSpec(['sleep', '1000']));
    bench.ok(['start', id]);
    const path = join(bench.dir, 'exec-out');
    const output = openSync(path, 'w');
    const args = ['--root', bench.root, 'exec', '-u', String(UID), id, 'sh', '-c', REOPEN];
    expect(spawnSync(TINYRUNC, args, { stdio: ['ignore', output, output] }).status).toBe(0);
    closeSync(output);
    expect(statSync(path).uid).toBe(UID);
  });
});
