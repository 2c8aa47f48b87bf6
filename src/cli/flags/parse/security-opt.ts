import { readFileSync } from 'node:fs';
import type { SecurityConfig } from '../../../engine/config/types.ts';
import { kernelReason, TinyrunError } from '../../../errors.ts';

const fail = (text: string, problem: string, hint?: string) =>
  new TinyrunError('USAGE', `--security-opt ${JSON.stringify(text)}: ${problem}`, hint ? { hint } : {});

/** `KEY=VALUE`, Docker's older `KEY:VALUE`, or a word. Profiles are read here, so that a missing one is refused early. */
export function parseSecurity(options: readonly string[]): SecurityConfig {
  let result: SecurityConfig = {};
  for (const text of options) {
    const [key = '', value] = split(text);
    if (key === 'no-new-privileges') result = { ...result, noNewPrivileges: flagValue(text, value) };
    else if (key === 'seccomp' && value) result = { ...result, seccomp: seccompProfile(text, value) };
    else if (key === 'apparmor' && value) result = { ...result, apparmor: value };
    else if (key === 'label' && value) result = { ...result, labels: [...(result.labels ?? []), value] };
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

function seccompProfile(text: string, value: string): SecurityConfig['seccomp'] {
  if (value === 'unconfined') return 'unconfined';
  if (value === 'builtin') return 'default';
  try {
    return { name: value, text: readFileSync(value, 'utf8') };
  } catch (cause) {
    throw fail(text, `cannot read the profile: ${kernelReason(cause)}`);
  }
}
