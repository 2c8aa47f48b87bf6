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
