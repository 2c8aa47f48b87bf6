import type { Command as Program } from 'commander';
import { collect } from '../options.ts';
import type { FlagGroup } from './group.ts';
import { parseSecurity } from './parse/security-opt.ts';

interface Flags {
  readonly capAdd?: readonly string[];
  readonly capDrop?: readonly string[];
  readonly privileged?: boolean;
  readonly securityOpt?: readonly string[];
}

/** What it may do. */
export const securityFlags: FlagGroup<Flags> = {
  define: (program: Program) =>
    void program
      .option('--cap-add <CAPABILITY>', 'one more capability, or ALL', collect)
      .option('--cap-drop <CAPABILITY>', 'one capability fewer, or ALL', collect)
      .option('--privileged', 'every capability, every device, no seccomp, nothing masked')
      .option(
        '--security-opt <OPTION>',
        'seccomp=unconfined|FILE, no-new-privileges, apparmor=PROFILE',
        collect,
      ),
  read: ({ capAdd: add, capDrop: drop, privileged, securityOpt = [] }) => ({
    security: { privileged, capabilities: { add, drop }, ...parseSecurity(securityOpt) },
  }),
  names: {
    'security.capabilities.add': '--cap-add %q',
    'security.capabilities.drop': '--cap-drop %q',
    'security.privileged': '--privileged',
  },
};
