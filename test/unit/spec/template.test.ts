import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { rootlessTemplate, specTemplate } from '../../../src/spec/template.ts';
import type { Spec } from '../../../src/spec/types.ts';

/** What runc's own `spec` writes here, or undefined without runc. */
function runcSpec(...flags: string[]): Spec | undefined {
  const dir = mkdtempSync(join(tmpdir(), 'tinyrun-spec-'));
  try {
    execFileSync('runc', ['spec', ...flags], { cwd: dir, stdio: 'ignore' });
    return JSON.parse(readFileSync(join(dir, 'config.json'), 'utf8')) as Spec;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Without what is ours by right: the version of the specification and the name. */
const common = ({ ociVersion: _version, hostname: _hostname, ...rest }: Spec) =>
  JSON.stringify(rest, null, 1);

/** runc 1.2 took the ambient capabilities out of its template: none of them was inheritable, and so none could be raised. */
const newer = (spec: Spec): Spec => {
  const { ambient: _ambient, ...capabilities } = spec.process?.capabilities ?? {};
  return { ...spec, ...(spec.process && { process: { ...spec.process, capabilities } }) };
};

const theirs = runcSpec();
const rootless = runcSpec('--rootless');

describe.skipIf(!theirs)('the template against runc spec (skipped where runc is not installed)', () => {
  const cgroup2 = theirs?.linux?.namespaces?.some((ns) => ns.type === 'cgroup') ?? false;

  it('is the same, in the same order', () =>
    expect(common(specTemplate(cgroup2))).toBe(common(newer(theirs as Spec))));

  it('is the same without root', () => {
    const caller = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, cgroup2 };
    expect(common(rootlessTemplate(caller))).toBe(common(newer(rootless as Spec)));
  });
});
