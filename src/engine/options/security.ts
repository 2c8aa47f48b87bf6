import { readFileSync } from 'node:fs';
import { TinyrunError } from '../../errors.ts';
import type { LinuxSeccomp } from '../../spec/types.ts';

/** --security-opt, taken apart. */
export interface SecurityOptions {
  /** The default profile, none, or one that was read. */
  readonly seccomp: 'default' | 'unconfined' | LinuxSeccomp;
  readonly noNewPrivileges: boolean;
  readonly apparmor?: string;
  /** SELinux label parts as `label=` gives them; `disable` alone is nothing to do. */
  readonly labels: readonly string[];
}

const fail = (text: string, problem: string, hint?: string) =>
  new TinyrunError('USAGE', `--security-opt ${JSON.stringify(text)}: ${problem}`, hint ? { hint } : {});

/** `KEY=VALUE`, Docker's older `KEY:VALUE`, or a word. Profiles are read here, so that they are refused early. */
export function parseSecurity(options: readonly string[]): SecurityOptions {
  let result: SecurityOptions = { seccomp: 'default', noNewPrivileges: false, labels: [] };
  for (const text of options) {
    const [key = '', value] = split(text);
    if (key === 'no-new-privileges') result = { ...result, noNewPrivileges: flagValue(text, value) };
    else if (key === 'seccomp' && value) result = { ...result, seccomp: seccompProfile(text, value) };
    else if (key === 'apparmor' && value) result = { ...result, apparmor: value };
    else if (key === 'label' && value) result = { ...result, labels: [...result.labels, value] };
    else
      throw fail(
        text,
        'unknown option',
        'known are seccomp=unconfined|FILE, no-new-privileges, apparmor=PROFILE and label=…',
      );
  }
  return result;
}

function split(text: string): [string, string | undefined] {
  const at = text.includes('=') ? text.indexOf('=') : text.indexOf(':');
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function flagValue(text: string, value: string | undefined): boolean {
  if (value === undefined || value === 'true') return true;
  if (value === 'false') return false;
  throw fail(text, 'neither true nor false');
}

function seccompProfile(text: string, value: string): SecurityOptions['seccomp'] {
  if (value === 'unconfined') return 'unconfined';
  if (value === 'builtin') return 'default';
  let content: string;
  try {
    content = readFileSync(value, 'utf8');
  } catch (cause) {
    throw fail(text, `cannot read the profile: ${(cause as Error).message}`);
  }
  return parseProfile(text, content);
}

interface DockerProfile extends Omit<LinuxSeccomp, 'syscalls' | 'architectures'> {
  architectures?: string[];
  archMap?: { architecture: string; subArchitectures?: string[] | null }[];
  syscalls?: (NonNullable<LinuxSeccomp['syscalls']>[number] & {
    name?: string;
    includes?: unknown;
    excludes?: unknown;
  })[];
}

function parseProfile(text: string, content: string): LinuxSeccomp {
  let profile: DockerProfile;
  try {
    profile = JSON.parse(content) as DockerProfile;
  } catch (cause) {
    throw fail(text, `the profile is not JSON: ${(cause as Error).message}`);
  }
  if (typeof profile?.defaultAction !== 'string') throw fail(text, 'the profile has no defaultAction');
  const { archMap, syscalls, ...rest } = profile;
  const architectures =
    profile.architectures ?? archMap?.flatMap((a) => [a.architecture, ...(a.subArchitectures ?? [])]);
  return {
    ...rest,
    ...(architectures ? { architectures } : {}),
    syscalls: (syscalls ?? []).map(({ name, includes, excludes, ...rule }) => {
      if (hasCondition(includes) || hasCondition(excludes))
        throw fail(
          text,
          'rules with includes or excludes need Docker itself',
          'write the rules for this host plainly',
        );
      return name && !rule.names ? { ...rule, names: [name] } : rule;
    }),
  };
}

const hasCondition = (value: unknown) =>
  typeof value === 'object' && value !== null && Object.keys(value).length > 0;
