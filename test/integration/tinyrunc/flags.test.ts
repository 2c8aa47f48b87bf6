// Flags of create and run that have no other test.
import { spawnSync } from 'node:child_process';
import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Bench } from '../../support/bench.ts';
import { TINYRUNC } from '../../support/programs.ts';
import { testSpec } from '../../support/spec.ts';

let bench: Bench;
beforeAll(() => {
  bench = new Bench();
});
afterAll(() => bench.dispose());

it('run --keep leaves the container, stopped; without it nothing is left', () => {
  const bundle = bench.bundle(testSpec(['sh', '-c', 'exit 3']));
  const kept = bench.id();
  expect(bench.run(['run', '--keep', '-b', bundle, kept]).status).toBe(3);
  expect(bench.state(kept)).toMatchObject({ status: 'stopped', pid: 0 });
  bench.ok(['delete', kept]);
  const gone = bench.id();
  expect(bench.run(['run', '-b', bundle, gone]).status).toBe(3);
  expect(bench.run(['state', gone]).status).toBe(1);
});

it('--no-pivot: the root is the container’s all the same', () => {
  const bundle = bench.bundle(testSpec(['ls', '/']));
  const pivoted = bench.ok(['run', '-b', bundle, bench.id()]);
  expect(bench.ok(['run', '--no-pivot', '-b', bundle, bench.id()])).toBe(pivoted);
});

it('--no-new-keyring: the session keyring is the caller’s; else a new one, named after the container', () => {
  const spec = testSpec(['cat', '/proc/keys'], (s) => {
    if (s.linux) s.linux.maskedPaths = [];
  });
  const bundle = bench.bundle(spec);
  const [own, callers] = [bench.id(), bench.id()];
  expect(bench.ok(['run', '-b', bundle, own])).toContain(`_ses.${own}`);
  const args = ['run', '--no-new-keyring', '-b', bundle, callers];
  expect(bench.ok(args)).not.toContain(`_ses.${callers}`);
});

it('LISTEN_FDS: sockets of systemd’s are handed on, and told of', () => {
  const bundle = bench.bundle(testSpec(['sh', '-c', 'echo $LISTEN_FDS $LISTEN_PID; cat <&3']));
  const script = `exec 3</etc/hostname; LISTEN_FDS=1 exec ${TINYRUNC} --root ${bench.root} run -b ${bundle} ${bench.id()}`;
  const { stdout, stderr } = spawnSync('sh', ['-c', script], { encoding: 'utf8', timeout: 120_000 });
  expect(stdout, stderr).toBe(`1 1\n${readFileSync('/etc/hostname', 'utf8')}`);
});

/** `unshare -Urm mount -t TYPE`: a nested user namespace may mount one where the kernel finds a whole one in the namespace. */
it.each(['proc', 'sysfs'])('--no-pivot leaves no whole %s to a nested user namespace', (type) => {
  const tries = `echo nested; mount -t ${type} none /tmp && echo mounted || echo refused`;
  const nest = `unshare -U -r -m -p -n -f sh -c '${tries}'`;
  const spec = testSpec(['sh', '-c', nest], (s) => {
    const all = ['CAP_SYS_ADMIN', 'CAP_SETUID', 'CAP_SETGID', 'CAP_SETFCAP', 'CAP_DAC_OVERRIDE'];
    Object.assign(s.process ?? {}, {
      capabilities: { bounding: all, effective: all, permitted: all },
      noNewPrivileges: false,
    });
    // The masks are what an own one would be without.
    Object.assign(s.linux ?? {}, { maskedPaths: ['/proc/keys', '/sys/firmware', '/sys/kernel'] });
    if (s.root) s.root.readonly = false;
  });
  const bundle = bench.bundle(spec);
  symlinkSync('busybox', join(bundle, 'rootfs/bin/unshare'));
  for (const flags of [[], ['--no-pivot']])
    expect(bench.ok(['run', ...flags, '-b', bundle, bench.id()])).toBe('nested\nrefused\n');
});
