import { normalize } from 'node:path/posix';
import { expandSlice } from '../../spec/slice.ts';
import { ConfigError } from './error.ts';

/** The cgroup that a container's own is made in, from the root of the tree; `..` leads no higher. @throws ConfigError */
export function cgroupBelow(parent = ''): string {
  if (parent === '') return '/tinyrun';
  if (parent.includes('\0')) throw new ConfigError('cgroupParent', 'contains a NUL byte');
  const path = normalize(`/${parent}/.`).replace(/\/$/, '');
  if (!/^[^/]+\.slice$/.test(parent)) return path;
  try {
    return expandSlice(parent);
  } catch (cause) {
    throw new ConfigError('cgroupParent', `no valid slice named as "xxx.slice"`, { cause });
  }
}
