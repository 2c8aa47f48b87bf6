import type { UnpackJob } from '../../image/unpack/unpack.ts';
import { LOCK_FILE } from '../../runtime/dir.ts';
import type { Roots } from '../../store/paths.ts';
import { containerPaths } from '../layout.ts';
import { type Deed, Teller } from './deed.ts';
import { containerOf, endOf } from './lifelines.ts';
import { meaningOf } from './meaning.ts';
import { keepReasons } from './plans.ts';
import type { Callable, Session } from './session.ts';
import { standInFor } from './sockets.ts';
import { files, HARMLESS, processes, type Stage } from './stand-in-addon.ts';
import { changes } from './stand-in-changes.ts';
import { Descriptors, looks, unrehearsed } from './stand-in-files.ts';
import { ADDON, type Eyes, FILES, fdPath, OTHER_FILES, pidOf, type Telling } from './tellings.ts';
import { standIn, unpacks } from './threads.ts';
import { World } from './world.ts';

/**
 * A verb rehearsed: its own code runs, and all that it would do to the system is told and done to a world of paper instead. So
 * it refuses what the verb would refuse, in its words, and cannot say another thing than the verb does. Whoever would be
 * waited for does what is theirs at once (lifelines.ts); a program that may end by itself in time does not.
 */
export function rehearsal(roots: Roots, onDeed: (deed: Deed) => void): Session & { end(): void } {
  keepReasons();
  const world = new World();
  const fds = new Descriptors();
  const teller = new Teller(onDeed);
  const pathOf = (fd: number) => fds.of(fd)?.path ?? fdPath(fd);
  const stage: Stage = {
    world,
    fds,
    tell: (deed) => teller.tell(deed),
    pathOf,
    pidOf: (pidfd) => pidBehind(pidfd, pathOf(pidfd)),
    end(pid) {
      const id = containerOf(roots, pid);
      if (id !== undefined) endOf(roots, id, stage);
    },
    release(path) {
      const [, id] = /\/([0-9a-f]{64})\/([^/]+)$/.exec(path) ?? [];
      if (id !== undefined && path === `${containerPaths(roots, id).run}/${LOCK_FILE}`)
        endOf(roots, id, stage);
    },
  };
  const eyes: Eyes = {
    has: (path) => world.has(path),
    isDirectory: (path) => world.isDirectory(path),
    pathOf,
    pidOf: stage.pidOf,
  };
  const doing = {
    fs: { ...looks(world, fds), ...changes(world, fds) },
    addon: { ...files(stage), ...processes(stage) },
  };
  const telling = { fs: FILES, addon: ADDON } as const;
  const call: Session['call'] = (of, name, own) => {
    if (of === 'net') return standInFor(stage, own);
    if (of === 'threads')
      return (job: UnpackJob) => {
        stage.tell(unpacks(job));
        return standIn(job);
      };
    const instead = (doing[of] as Readonly<Record<string, Callable>>)[name];
    if (instead === undefined) return refused(of, name);
    const tell = (telling[of] as Readonly<Record<string, (...args: unknown[]) => Telling | undefined>>)[name];
    if (tell === undefined) return instead;
    return (...args: unknown[]) => {
      // what is refused is not done
      const told = tell(eyes, ...args);
      const answer = instead(...args);
      if (told) stage.tell({ by: 'command', why: whyOf(roots, told), ...told });
      return answer;
    };
  };
  return { call, end: () => teller.flush() };
}

const KNOWN = { fs: OTHER_FILES, addon: HARMLESS as readonly string[] };

function refused(of: 'fs' | 'addon', name: string): Callable | undefined {
  if (KNOWN[of].includes(name)) return undefined;
  return () => {
    throw unrehearsed(name);
  };
}

export function whyOf(roots: Roots, { place, syscall }: Telling): string {
  const what = place.startsWith('/in_root/') ? 'in the container' : meaningOf(roots, place);
  if (syscall.startsWith('pidfd_send_signal')) return 'its program gets the signal';
  if (/^(?:unlink|rmdir|unlinkat)\(/.test(syscall)) return what && `no more: ${what}`;
  return what;
}

/** fdinfo(5) of a pidfd. */
function pidBehind(pidfd: number, path: string): number | undefined {
  const made = /^pidfd of (\d+)$/.exec(path)?.[1];
  if (made !== undefined) return Number(made);
  return pidOf(pidfd);
}
