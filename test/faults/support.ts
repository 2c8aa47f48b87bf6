import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { sweepAll } from '../../src/engine/sweep.ts';
import { until } from '../support/programs.ts';
import { Sandbox } from '../support/sandbox.ts';

const list = (dir: string): string[] => (existsSync(dir) ? readdirSync(dir) : []);

/** A process as pid and start time: a pid alone may come back as somebody else's. '' when it has ended, all threads of it. */
export function identity(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return 'ZX'.includes(state ?? '') && Number(rest[16]) < 2 ? '' : `${pid} ${rest[18]}`;
  } catch {
    return '';
  }
}

const alive = (process: string) => identity(Number(process.split(' ')[0])) === process;

const CGROUP_ROOTS = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup'];

/** cgroup directories of the given containers; those of other tests come and go meanwhile. */
function cgroupsOf(ids: readonly string[]): string[] {
  const root = CGROUP_ROOTS.find((dir) => existsSync(path.join(dir, 'cgroup.controllers')));
  return list(path.join(root ?? '', 'tinyrun')).filter((name) => ids.some((id) => name.includes(id)));
}

/** Where containers are killed, and looked for afterwards. */
export class Scene extends Sandbox {
  readonly roots = { dataRoot: path.join(this.dir, 'data'), runRoot: path.join(this.dir, 'run') };

  /** Those that run, or that somebody has to take back. */
  containers(): string[] {
    return list(path.join(this.roots.runRoot, 'containers'));
  }

  /** Those that there is a record of. */
  records(): string[] {
    return list(path.join(this.roots.dataRoot, 'containers'));
  }

  sweep(): void {
    sweepAll(this.roots);
  }

  /** What is left after a kill, swept twice. */
  async expectNothingLeft(when: string, ids: readonly string[], processes: readonly string[]): Promise<void> {
    this.sweep();
    this.sweep();
    await until(() => !processes.some(alive), 60).catch(() => undefined);
    const left = {
      processes: processes.filter(alive),
      cgroups: cgroupsOf(ids),
      mounts: readFileSync('/proc/self/mountinfo', 'utf8')
        .split('\n')
        .filter((line) => line.includes(this.dir)),
      run: this.containers(),
      data: this.records(),
    };
    expect(left, when).toEqual({ processes: [], cgroups: [], mounts: [], run: [], data: [] });
  }
}
