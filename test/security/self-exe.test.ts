// CVE-2019-5736: a container overwrites the runtime through /proc/PID/exe. The helper runs from a sealed memfd, so
// there is no file of the host behind that link, and nothing that a write could change.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addonPaths } from '../../src/native/index.ts';
import { execute, TINYRUNC } from '../support/programs.ts';
import { Sandbox } from '../support/sandbox.ts';

const sandbox = new Sandbox();
const addon = addonPaths(path.resolve(import.meta.dirname, '../..')).find((file) => existsSync(file)) ?? '';
const helperHash = () => createHash('sha256').update(readFileSync(addon)).digest('hex');
let before: string;

beforeAll(async () => {
  before = helperHash();
  const layer = await sandbox.layer();
  writeFileSync(path.join(layer, 'evil'), '#!/proc/self/exe\nx\n', { mode: 0o755 });
  // the one argument that the helper takes, with what the kernel puts behind it in place of its plan
  writeFileSync(path.join(layer, '3'), '#!/proc/self/exe plan\n', { mode: 0o755 });
});
afterAll(() => sandbox.close());

test.each([
  ['/evil', /usage: tinyrun-init plan FD/],
  ['/3', /no plan: tinyrun starts this program/],
])('run: an entrypoint that is the runtime itself does nothing, %s', async (program, refusal) => {
  const { code, stdout, stderr } = await sandbox.tinyrun(['run', '--rm', 'busybox', program]);
  expect(stderr).toMatch(refusal);
  expect(code).toBe(125);
  expect(stdout).toBe('');
  expect(helperHash()).toBe(before);
  sandbox.checkHost();
});

// Asked from outside, where fcntl(2) can be had: while PID 1 runs a write is refused in any case (ETXTBSY).
const SEALS = `import fcntl, os, sys
for pid in filter(str.isdigit, os.listdir('/proc')):
    try:
        if sys.argv[1] in open(f'/proc/{pid}/root/tmp/mark').read() and os.readlink(f'/proc/{pid}/exe').startswith('/memfd:'):
            print(fcntl.fcntl(os.open(f'/proc/{pid}/exe', os.O_RDONLY), 1034))
    except OSError: pass`;

test('run --init: PID 1 cannot be written, and will not be', async () => {
  const mark = sandbox.id('mark');
  const fifo = path.join(sandbox.dir, 'fifo');
  spawnSync('mkfifo', [fifo]);
  const script = `echo ${mark} >/tmp/mark; cat /proc/1/exe >/dev/null && echo readable
    dd if=/bin/busybox of=/proc/1/exe conv=notrunc bs=1 count=1 2>/dev/null && echo WRITTEN
    cat /fifo; echo end`;
  const running = sandbox.sh(['--init', '-v', `${fifo}:/fifo`], script);
  // opens once the container reads it, and so when it has its mark
  const writer = await open(fifo, 'w');
  const seals = await execute('python3', ['-c', SEALS, mark]);
  await writer.close();
  expect((await running).stdout).toBe('readable\nend\n');
  // F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE
  expect(seals.stdout).toBe('15\n');
  expect(helperHash()).toBe(before);
});

// Looks for a program that is not its own, holds on to it and writes once it no longer runs (ETXTBSY before that).
const HUNTER = `echo hunting
  until [ -e /go ]; do sleep 0.1; done
  while :; do for p in /proc/[0-9]*; do
    case $(readlink $p/exe) in ''|*/busybox) continue ;; esac
    { exec 7<$p/exe; } 2>/dev/null || continue
    echo caught
    while [ -e $p ]; do sleep 0.1; done
    { echo overwritten >/proc/self/fd/7; } 2>/dev/null && echo WRITTEN || echo refused
    exit
  done; done`;

test('exec: the helper is caught on its way and still cannot be written', async () => {
  const id = sandbox.id('hunter');
  const dir = sandbox.bundle(['sh', '-c', HUNTER], (spec, rootfs) => {
    // A helper on its way is not dumpable; with this capability it is seen all the same.
    for (const set of ['bounding', 'effective', 'permitted'] as const)
      spec.process.capabilities[set].push('CAP_SYS_PTRACE');
    writeFileSync(path.join(rootfs, 'evil'), '#!/proc/self/exe\n');
    chmodSync(path.join(rootfs, 'evil'), 0o755);
  });
  let caught = false;
  const running = sandbox.tinyrunc(['run', '--bundle', dir, id]).finally(() => {
    caught = true;
  });
  await sandbox.untilRunning(id);
  await sandbox.tinyrunc(['exec', id, '/evil']);
  writeFileSync(path.join(dir, 'rootfs/go'), '');
  // Held just before its execve, the helper is in the container's pid namespace for all to see.
  const hold = 'strace -f -qq -o /dev/null -e trace=execve -e inject=execve:delay_enter=700000'.split(' ');
  // the container ends with its hunter, who may be too late for one of them
  while (!caught) await sandbox.under(hold, TINYRUNC, ['exec', id, '/bin/true']);
  const { stdout } = await running;
  expect(stdout).toBe('hunting\ncaught\nrefused\n');
  expect(helperHash()).toBe(before);
  sandbox.checkHost();
});
