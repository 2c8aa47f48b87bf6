import { Option, type Command as Program } from 'commander';
import { createEngine } from '../../engine/engine.ts';
import type { RunOptions } from '../../engine/types.ts';
import type { Command, Context } from '../command.ts';
import { exitCodeAfter } from '../exit-code.ts';
import { collect, oneOf } from '../options.ts';

/** What this command does with a plan besides running it. */
interface Views {
  readonly explain?: boolean;
  /** With `explain`: what takes the plan back. */
  readonly undo?: boolean;
  readonly trace?: boolean;
  readonly step?: boolean;
  readonly json?: boolean;
  readonly sigProxy: boolean;
  /** Docker's older spelling of --network. */
  readonly net?: string;
  /** And of --dns-option. */
  readonly dnsOpt?: readonly string[];
}

export const command: Command = {
  name: 'run',
  summary: 'run a command in a new container',
  usage: '[options] IMAGE [COMMAND] [ARG...]',
  passThrough: true,
  examples: [
    'tinyrun run busybox echo hello',
    'tinyrun run --rm -it busybox',
    'tinyrun run --rm -v "$PWD:/src:ro" -w /src busybox ls -l',
    'tinyrun run --rm --read-only --cap-drop ALL -u nobody busybox id',
    'tinyrun run --rm -m 64m --cpus 0.5 --pids-limit 100 busybox sh',
    'tinyrun run --explain busybox true',
    'tinyrun run --rm --trace busybox true',
  ],
  define(program, context) {
    // -h is the host name here, as it is Docker's
    program
      .helpOption('--help', 'print this help')
      .argument('<image>')
      .argument('[command...]')
      .action((image: string, args: string[], flags: RunFlags) => run(image, args, flags, context));
    processFlags(program);
    filesystemFlags(program);
    limitFlags(program);
    namespaceFlags(program);
    securityFlags(program);
    containerFlags(program);
    viewFlags(program);
  },
};

type RunFlags = Omit<RunOptions, 'image' | 'args'> & Views;

async function run(image: string, args: string[], flags: RunFlags, context: Context): Promise<void> {
  const { explain, undo, trace, step, json, sigProxy, net, dnsOpt = [], ...rest } = flags;
  const dnsOption = [...(rest.dnsOption ?? []), ...dnsOpt];
  const options: RunOptions = { ...rest, network: rest.network ?? net, dnsOption, image, args };
  const engine = createEngine(context);
  if (explain || undo || (json && !trace && !step)) {
    const { explainRun } = await import('../output/explain-run.ts');
    return explainRun(engine, options, { json: json === true, undo: undo === true }, context);
  }
  if (trace || step) {
    const { traceRun } = await import('../output/trace-run.ts');
    context.exitCode = await traceRun(engine, options, { step: step === true, json: json === true }, context);
    return;
  }
  const control = { sigProxy, blocking: true, notify: (line: string) => context.err(`${line}\n`) };
  context.exitCode = exitCodeAfter(await engine.run(options, control), context);
}

function processFlags(program: Program): void {
  program
    .option('-e, --env <KEY=VALUE>', 'set a variable; without =VALUE, pass on yours', collect)
    .option('--env-file <FILE>', 'read variables from a file', collect)
    .option('-w, --workdir <DIR>', 'working directory, made when missing')
    .option('-u, --user <USER>', 'name or number, with :GROUP where it is to be another')
    .option('--group-add <GROUP>', 'one more group', collect)
    .option('--entrypoint <PROGRAM>', "replace the image's entrypoint; empty: reset it")
    .option('--init', 'a small init as PID 1 forwards signals and reaps')
    .option('-i, --interactive', 'keep standard input open')
    .option('-t, --tty', 'give the container a terminal')
    .option('--stop-signal <SIGNAL>', 'what asks the program to end')
    .option('--sig-proxy', 'pass signals to tinyrun on to the program', true)
    .option('--no-sig-proxy', 'keep them from it, as --sig-proxy=false does');
}

function filesystemFlags(program: Program): void {
  program
    .option('-v, --volume <HOST:TARGET>', 'bind a path of the host; :ro after it for read-only', collect)
    .option('--mount <SPEC>', 'type=bind,source=…,target=…[,readonly] or type=tmpfs,target=…', collect)
    .option(
      '--tmpfs <DIR>',
      'an empty file system in memory; options after a colon, as in :size=64m',
      collect,
    )
    .option('--read-only', 'the root file system cannot be written')
    .option('--shm-size <SIZE>', 'size of /dev/shm (default 64m)')
    .option('--device <PATH>', 'a device of the host, as HOST:TARGET:rwm or less of it', collect);
}

function limitFlags(program: Program): void {
  program
    .option('-m, --memory <SIZE>', 'memory limit, 6m or more')
    .option('--memory-swap <SIZE>', 'memory plus swap; -1: no limit')
    .option('--memory-reservation <SIZE>', 'memory that is kept for it')
    .option('--cpus <NUMBER>', 'processors, as in 1.5')
    .option('--cpu-shares <NUMBER>', 'relative weight, 1024 is the norm')
    .option('--cpuset-cpus <LIST>', 'processors it may use, as in 0-2,7')
    .option('--cpuset-mems <LIST>', 'memory nodes it may use')
    .option('--pids-limit <NUMBER>', 'processes at most; -1: no limit')
    .option('--ulimit <NAME=LIMIT>', 'a resource limit, as SOFT or SOFT:HARD', collect)
    .option('--oom-score-adj <NUMBER>', 'how ready the kernel is to kill it, -1000 to 1000');
}

function namespaceFlags(program: Program): void {
  program
    .option('--network <MODE>', 'none (the default for now: loopback only), host, container:ID')
    .addOption(new Option('--net <MODE>').hideHelp())
    .option('--pid <MODE>', 'private, host, container:ID')
    .option('--ipc <MODE>', 'private, host, container:ID (its /dev/shm, too), none: without /dev/shm')
    .option('--uts <MODE>', 'private, host, container:ID')
    .option('--cgroupns <MODE>', 'private, host')
    .option('--userns <MODE>', 'host (the default), private: root in it is nobody on the host')
    .option('-h, --hostname <NAME>', 'default: the first 12 digits of the id')
    .option('--domainname <NAME>', 'NIS domain name')
    .option('--add-host <NAME:ADDRESS>', 'one more line in /etc/hosts; host-gateway: the host', collect)
    .option('--dns <ADDRESS>', 'name server in /etc/resolv.conf', collect)
    .option('--dns-search <DOMAIN>', 'domain to look names up in; a dot: none', collect)
    .option('--dns-option <OPTION>', 'option of resolv.conf, as in ndots:2', collect)
    .addOption(new Option('--dns-opt <OPTION>').argParser(collect).hideHelp())
    .option('--sysctl <KEY=VALUE>', 'a namespaced kernel setting', collect);
}

function securityFlags(program: Program): void {
  program
    .option('--cap-add <CAPABILITY>', 'one more capability, or ALL', collect)
    .option('--cap-drop <CAPABILITY>', 'one capability fewer, or ALL', collect)
    .option('--privileged', 'every capability, every device, no seccomp, nothing masked')
    .option(
      '--security-opt <OPTION>',
      'seccomp=unconfined|FILE, no-new-privileges, apparmor=PROFILE',
      collect,
    );
}

function containerFlags(program: Program): void {
  program
    .option('--name <NAME>', 'name of the container')
    .option('--rm', 'remove the container when it ends')
    .option('-l, --label <KEY=VALUE>', 'a label', collect)
    .option('--annotation <KEY=VALUE>', 'an annotation of the OCI spec', collect)
    .option('--cidfile <FILE>', 'write the id there')
    .option('--pull <WHEN>', 'missing, never or always', oneOf('missing', 'never', 'always'))
    .option('--platform <OS/ARCH>', 'which of an image to take');
}

function viewFlags(program: Program): void {
  program
    .option('--explain', 'print the plan and run nothing')
    .option('--undo', 'with --explain: what takes the plan back, last step first')
    .option('--trace', 'run, and print each step with its result and time')
    .option('--step', 'stop before each step inside the container; ? there tells how to go on')
    .option('--json', 'the plan as JSON');
}
