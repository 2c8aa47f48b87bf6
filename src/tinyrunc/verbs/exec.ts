import { native } from '../../native/index.ts';
import { loadContainer } from '../../runtime/container.ts';
import { execInContainer } from '../../runtime/exec.ts';
import { attend } from '../../runtime/foreground.ts';
import type { Launched } from '../../runtime/launch.ts';
import { containerSpec } from '../../runtime/state.ts';
import { SIGKILL } from '../../spec/linux.ts';
import { announce } from '../announce.ts';
import type { Parsed } from '../args.ts';
import { preservedFds } from '../fds.ts';
import { EXEC_FLAGS, execProcess } from '../process.ts';
import type { Verb } from '../verb.ts';

/** `[CONTROLLER:]PATH`, several: cgroup v2 has one hierarchy, so that the last one counts, whatever its controllers. */
function subCgroup(flags: Parsed): string {
  const last = flags.list('cgroup').at(-1) ?? '';
  return last.slice(last.indexOf(':') + 1);
}

/** Who cannot be told of the process would not know that it runs. */
async function announceOrEnd(flags: Parsed, launched: Launched): Promise<void> {
  try {
    announce(flags, launched, 'setns');
  } catch (error) {
    native().pidfdSendSignal(launched.pidfd, SIGKILL);
    await launched.wait();
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
    const launched = await execInContainer({
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
    await announceOrEnd(flags, launched);
    if (detach) return 0;
    return (await attend(launched)).code;
  },
};
