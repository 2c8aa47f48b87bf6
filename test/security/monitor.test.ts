// A container's monitor is a process of the host's root with the host's files behind it. A container with --pid host sees it.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TINYRUN } from '../support/programs.ts';
import { Sandbox } from '../support/sandbox.ts';

const sandbox = new Sandbox();
beforeAll(() => sandbox.layer());
afterAll(() => sandbox.close());

// Its own is the one that has its first process for a child.
const LOOK = `monitor=/proc/$(sed -n 's/^PPid:.//p' /proc/$$/status)
  cat $monitor/comm
  ls $monitor/root 2>/dev/null
  for link in $monitor/exe $monitor/cwd $monitor/fd/*; do readlink $link; done
  head -c1 $monitor/environ
  { exec 7<>$monitor/mem && echo memory; } 2>/dev/null`;

// Where tinyrun may trace nobody (in a container of the usual capabilities, say), the kernel lets whoever has the same
// user and capabilities trace it, and what can be traced lends its root directory and its memory.
test('a container with all that tinyrun itself may gets nothing through its monitor', async () => {
  const weak = ['setpriv', '--bounding-set=-sys_ptrace'];
  const run = ['run', '--pid', 'host', '--cap-add', 'ALL', '--security-opt', 'seccomp=unconfined'];
  const { code, stdout, stderr } = await sandbox.under(weak, TINYRUN, [...run, 'busybox', 'sh', '-c', LOOK]);
  expect(stdout, stderr).toBe('tinyrun-monitor\n');
  expect(code).not.toBe(125);
  await sandbox.tinyrun(['rm', (await sandbox.tinyrun(['ps', '-aq'])).stdout.trim()]);
  sandbox.checkHost();
});
