import { readFileSync } from 'node:fs';
import type { Container } from './container.ts';

/** A container as runc's `state` and `list` show it. */
export interface Described {
  readonly ociVersion: string;
  readonly id: string;
  /** 0 when stopped. */
  readonly pid: number;
  readonly status: string;
  readonly bundle: string;
  readonly rootfs: string;
  readonly created: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly owner: string;
}

/** Login name of a uid; '' where /etc/passwd has none, as runc has it. */
export function ownerName(uid: number, passwd = () => readFileSync('/etc/passwd', 'utf8')): string {
  try {
    const line = passwd()
      .split('\n')
      .find((entry) => entry.split(':')[2] === String(uid));
    return line?.split(':')[0] ?? '';
  } catch {
    return '';
  }
}

export function describe({ state, status }: Container, owner: string): Described {
  const { ociVersion, id, bundle, rootfs, created, annotations } = state;
  return {
    ociVersion,
    id,
    pid: status === 'stopped' ? 0 : state.pid,
    status,
    bundle,
    rootfs,
    created,
    ...(annotations === undefined ? {} : { annotations }),
    owner,
  };
}
