import { existsSync, watch, writeSync } from 'node:fs';
import { TinyrunError } from '../../errors.ts';
import { oomKills } from '../../runtime/cgroup.ts';
import { waitForEnd } from '../../runtime/pidfd.ts';
import { liveCgroups } from '../../runtime/whereabouts.ts';
import { join } from '../../store/join.ts';
import { toJson } from '../../store/text.ts';
import { durationOf } from '../../store/words.ts';
import { usage } from '../args.ts';
import { type Container, loadContainer } from '../container.ts';
import { readStats } from '../stats.ts';
import type { Verb } from '../verb.ts';

/** A duration as Go writes it (`5s`, `1m30s`, `-.5ms`, `0`), milliseconds. @throws TinyrunError (USAGE) */
export function parseDuration(text: string): number {
  const duration = durationOf(text);
  if (duration !== undefined) return duration;
  throw usage(`invalid value ${toJson(text)} for flag -interval: parse error`);
}

/** 2^64-1 as a double is above what a Go program reads into its uint64. */
function exact(json: string): string {
  return json.replaceAll(String(2 ** 64), String(2n ** 64n - 1n));
}

function print(type: string, id: string, data?: object): void {
  writeSync(1, `${exact(toJson({ type, id, ...(data === undefined ? {} : { data }) }))}\n`);
}

/** Tells each rise of memory.events' oom_kill; the kernel notifies inotify of changes. */
function watchOom(cgroup: string, id: string): () => void {
  let seen = oomKills(cgroup);
  if (seen === undefined) return () => {};
  const look = (): void => {
    const now = existsSync(cgroup) ? oomKills(cgroup) : undefined;
    if (now !== undefined && seen !== undefined && now > seen) print('oom', id);
    seen = now ?? seen;
  };
  const watcher = watch(join(cgroup, 'memory.events'), look);
  return () => {
    watcher.close();
    // The first process was the one: its end may be heard of before the change of the file.
    look();
  };
}

/** Prints events until the container's first process ends. */
async function follow({ state }: Container, cgroup: string, interval: number): Promise<void> {
  const { id } = state;
  const stopOom = watchOom(cgroup, id);
  const timer = setInterval(() => existsSync(cgroup) && print('stats', id, readStats(cgroup)), interval);
  await waitForEnd(state.pid);
  clearInterval(timer);
  stopOom();
}

export const verb: Verb = {
  usage: '[command options] <container-id>',
  flags: [
    { names: ['interval'], kind: 'string', help: 'set the stats collection interval (default: 5s)' },
    { names: ['stats'], kind: 'bool', help: "display the container's stats then exit" },
  ],
  arguments: [1, 1],
  async run({ root, flags }) {
    const interval = parseDuration(flags.string('interval') ?? '5s');
    if (interval <= 0) throw usage('duration interval must be greater than 0');
    const container = loadContainer(root, flags.args[0] ?? '');
    const { state, status } = container;
    if (status === 'stopped') {
      throw new TinyrunError('CONTAINER_NOT_RUNNING', `container with id ${state.id} is not running`);
    }
    const [cgroup] = liveCgroups(container);
    if (cgroup === undefined) {
      throw new TinyrunError('UNSUPPORTED', `container ${state.id} has no cgroup2 to read`);
    }
    if (flags.bool('stats')) print('stats', state.id, readStats(cgroup));
    else await follow(container, cgroup, interval);
    return 0;
  },
};
