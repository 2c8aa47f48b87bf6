import type { Life } from '../../runtime/life.ts';
import { containerSpec } from '../../runtime/state.ts';
import { SIGKILL } from '../../spec/linux.ts';
import { announce } from '../announce.ts';
import type { Parsed } from '../args.ts';
import { loadContainer } from '../container.ts';
import { execInContainer } from '../exec.ts';
import { preservedFds } from '../fds.ts';
import { foreground } from '../foreground.ts';
import { EXEC_FLAGS, execProcess } from '../process.ts';
import type { Verb } from '../verb.ts';

/** `[CONTROLLER:]PATH`, several: cgroup v2 has one hierarchy, so that the last one counts, whatever its controllers. */
function subCgroup(flags: Parsed): string {
  const last = flags.list('cgroup').at(-1) ?? '';
  return last.slice(last.indexOf(':') + 1);
}

/** Who cannot be told of the process would not know that it runs. */
async function announceOrEnd(flags: Parsed, life: Life): Promise<void> {
  try {
    announce(flags, life, 'setns');
  } catch (error) {
    life.signal(SIGKILL);
    await life.ended();
    throw error;
  }
}

export const verb: Verb = {
  usage: '[command options] <container-id> <command> [args...]  || -p process.json <container-id>',
  flags: EXEC_FLAGS,
  stopAtArgument: true,
  arguments: [1, Number.POSITIVE_INFINITY],
  failureCode: 255,
  failurePrefix: 'exec failed',
  async run({ root, log, flags }) {
    const [id = '', ...args] = flags.args;
    const container = loadContainer(root, id);
    const own = containerSpec(container.dir).process ?? { cwd: '/' };
    const detach = flags.bool('detach');
    const life = await execInContainer({
      root,
      container,
      process: execProcess(own, flags, args, log.warn),
      detach,
      consoleSocket: flags.string('console-socket'),
      preserveFds: preservedFds(flags),
      subCgroup: subCgroup(flags),
      ignorePaused: flags.bool('ignore-paused'),
      warn: (message) => log.warn(message),
    });
    await announceOrEnd(flags, life);
    if (detach) return 0;
    return await foreground(life);
  },
};
