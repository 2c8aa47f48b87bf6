import { readFileSync } from 'node:fs';
import { availableParallelism, hostname, machine } from 'node:os';
import { ImageStore } from '../image/store.ts';
import { views } from '../image/view.ts';
import { fileSystemType } from '../runtime/filesystem.ts';
import { hostFacts } from '../runtime/host.ts';
import type { Roots } from '../store/paths.ts';
import { readIfAny } from '../store/read.ts';
import { listContainers } from './manage.ts';

/** What there is, and what it runs on. */
export interface SystemInfo {
  readonly containers: { readonly running: number; readonly paused: number; readonly stopped: number };
  readonly images: number;
  readonly roots: Roots;
  /** Of the file system that the data root is on. */
  readonly backing: string | undefined;
  readonly kernel: string;
  /** `Debian GNU/Linux 12 (bookworm)`. */
  readonly system: string;
  /** uname(1)'s: `x86_64`. */
  readonly architecture: string;
  readonly processors: number;
  /** Bytes. */
  readonly memory: number;
  readonly host: string;
  /** Controllers that limits of containers are set by. */
  readonly controllers: readonly string[];
  readonly cgroup: 'v2' | 'hybrid' | 'v1' | 'none';
  readonly apparmor: boolean;
}

/** @param onDamaged told of containers whose record cannot be read: they count as absent */
export function systemInfo(roots: Roots, onDamaged: (error: Error) => void): SystemInfo {
  const states = listContainers(roots, onDamaged).map(({ status }) => status);
  const count = (status: string): number => states.filter((one) => one === status).length;
  const [running, paused] = [count('running') + count('restarting'), count('paused')];
  const { kernel, cgroup, apparmor } = hostFacts();
  return {
    containers: { running, paused, stopped: states.length - running - paused },
    images: views(new ImageStore(roots.dataRoot).list()).length,
    roots,
    backing: fileSystemType(roots.dataRoot),
    kernel: kernel.release,
    system: prettyName(readIfAny('/etc/os-release') ?? readIfAny('/usr/lib/os-release') ?? ''),
    architecture: machine(),
    processors: availableParallelism(),
    memory: memoryOf(readFileSync('/proc/meminfo', 'latin1')),
    host: hostname(),
    controllers: cgroup.controllers,
    cgroup: cgroup.mode,
    apparmor,
  };
}

/** os-release(5). */
export function prettyName(text: string): string {
  const value = /^PRETTY_NAME=(.*)$/m.exec(text)?.[1]?.trim();
  return value?.replace(/^(["'])(.*)\1$/, '$2') || 'Linux';
}

/** MemTotal of /proc/meminfo, bytes. */
export const memoryOf = (meminfo: string): number =>
  Number(/^MemTotal:\s+(\d+) kB$/m.exec(meminfo)?.[1] ?? 0) * 1024;
