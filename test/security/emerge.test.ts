// A process on its way into a running container, looked at from there with CAP_SYS_PTRACE: whoever can look can also take
// hold of it, so that it must have nothing by then that the container has not.
import { afterAll, afterEach, expect, test } from 'vitest';
import { TINYRUNC } from '../support/programs.ts';
import { Sandbox } from '../support/sandbox.ts';
import type { MutableSpec } from '../support/spec.ts';
import { HOLD, HUNTER } from './support.ts';

const sandbox = new Sandbox();
afterEach(() => sandbox.checkHost());
afterAll(() => sandbox.close());

const filter = (...syscalls: object[]) =>
  ({ defaultAction: 'SCMP_ACT_ALLOW', syscalls }) as NonNullable<MutableSpec['linux']['seccomp']>;
const refuse = (name: string, errnoRet: number) => ({
  names: [name],
  action: 'SCMP_ACT_ERRNO',
  errnoRet,
});

// AUDIT_WRITE KILL NET_BIND_SERVICE, the template's, and SYS_PTRACE
const CAPS = (1n << 29n) | (1n << 5n) | (1n << 10n) | (1n << 19n);
const mask = CAPS.toString(16).padStart(16, '0');

test.each([
  ['no filter', undefined, 0],
  ['a filter as Docker’s, where clone3 is not implemented', filter(refuse('clone3', 38)), 2],
])(
  'exec: what is caught has the capabilities, the filter and no more files than its program, %s',
  async (_, seccomp, mode) => {
    const id = sandbox.id(`hunted-${mode}`);
    const dir = sandbox.bundle(['sh', '-c', HUNTER], (spec) => {
      for (const set of ['bounding', 'effective', 'permitted'] as const)
        spec.process.capabilities[set].push('CAP_SYS_PTRACE');
      if (seccomp) spec.linux.seccomp = seccomp;
      spec.process.noNewPrivileges = false;
    });
    let caught = false;
    const running = sandbox.tinyrunc(['run', '--bundle', dir, id]).finally(() => {
      caught = true;
    });
    await sandbox.untilRunning(id);
    // the container ends with its hunter, who may be too late for one of them
    while (!caught) await sandbox.under(HOLD, TINYRUNC, ['exec', id, '/bin/true']);
    expect((await running).stdout).toBe(
      `hunting\n${['CapPrm', 'CapEff', 'CapBnd'].map((name) => `${name}:\t${mask}\n`).join('')}Seccomp:\t${mode}\nend\n`,
    );
  },
);
