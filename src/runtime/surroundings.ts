import { existsSync, readlinkSync } from 'node:fs';
import { readIfAny } from '../store/read.ts';
import { isIdentityMap } from './host.ts';

/** Where this process finds itself, for what is said of a failure: the same errno wants another remedy in each. */
export interface Surroundings {
  /** A container of Docker's, podman's or of whoever else makes pid namespaces. */
  readonly container: boolean;
  /** A user namespace that maps fewer ids than there are. */
  readonly userns: boolean;
}

/** The first pid namespace has this inode in every kernel: PROC_PID_INIT_INO of linux/proc_ns.h. */
const FIRST_PID_NAMESPACE = 'pid:[4026531836]';

/** Read when something has failed, not before. */
export function surroundings(): Surroundings {
  return {
    container: ['/.dockerenv', '/run/.containerenv'].some(existsSync) || inPidNamespace(),
    userns: !isIdentityMap(readIfAny('/proc/self/uid_map') ?? ''),
  };
}

function inPidNamespace(): boolean {
  try {
    return readlinkSync('/proc/self/ns/pid') !== FIRST_PID_NAMESPACE;
  } catch {
    return false;
  }
}
