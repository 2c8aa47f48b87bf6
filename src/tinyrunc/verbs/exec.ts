import { loadContainer } from '../../runtime/container.ts';
import { containerSpec, execInContainer } from '../../runtime/exec.ts';
import { attend } from '../../runtime/foreground.ts';
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
      process: execProcess(own, flags, args),
      detach,
      consoleSocket: flags.string('console-socket'),
      preserveFds: preservedFds(flags),
      subCgroup: subCgroup(flags),
      ignorePaused: flags.bool('ignore-paused'),
      warn: (message) => log.warn(message),
    });
    announce(flags, launched, 'setns');
    if (detach) return 0;
    return (await attend(launched)).code;
  },
};
