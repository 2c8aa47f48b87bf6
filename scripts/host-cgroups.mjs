// What the tests ask of this host's cgroups.
import { readFileSync } from 'node:fs';

const NEEDED = ['cpu', 'cpuset', 'memory', 'pids', 'io'];

/** Whether /sys/fs/cgroup is not a cgroup2 mount that has every controller the limit tests use. */
export function hostLacksControllers() {
  try {
    const controllers = readFileSync('/sys/fs/cgroup/cgroup.controllers', 'utf8').trim().split(' ');
    return NEEDED.some((name) => !controllers.includes(name));
  } catch {
    return true;
  }
}
