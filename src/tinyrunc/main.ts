import { writeSync } from 'node:fs';
import { TinyrunError } from '../errors.ts';
import { onDebug } from '../runtime/debug.ts';
import { type Flag, type Parsed, parse, usage } from './args.ts';
import { type Log, openLog } from './log.ts';
import type { Globals, Verb } from './verb.ts';
import { VERBS } from './verbs.ts';
import { COMMIT, SPEC_VERSION, VERSION } from './version.ts';

const GLOBAL_FLAGS: readonly Flag[] = [
  { names: ['debug'], kind: 'bool', help: 'enable debug logging' },
  { names: ['log'], kind: 'string', help: "set the log file to write to (default is '/dev/stderr')" },
  { names: ['log-format'], kind: 'string', help: "set the log format ('text' (default), or 'json')" },
  { names: ['root'], kind: 'string', help: 'root directory for storage of container state' },
  { names: ['criu'], kind: 'string', help: '(obsolete; do not use)' },
  { names: ['systemd-cgroup'], kind: 'bool', help: 'enable systemd cgroup support' },
  {
    names: ['rootless'],
    kind: 'string',
    help: "ignore cgroup permission errors ('true', 'false', or 'auto')",
  },
  { names: ['help', 'h'], kind: 'bool', help: 'show help' },
  { names: ['version', 'v'], kind: 'bool', help: 'print the version' },
];

/** A tmpfs of root's, or of the user's login session. */
function defaultRoot(env: NodeJS.ProcessEnv, rootless: boolean): string {
  return rootless && env.XDG_RUNTIME_DIR ? `${env.XDG_RUNTIME_DIR}/tinyrunc` : '/run/tinyrunc';
}

function isRootless(flag: string | undefined): boolean {
  if (flag === 'true' || flag === 'false') return flag === 'true';
  if (flag !== undefined && flag !== 'auto')
    throw usage(`invalid boolean value ${JSON.stringify(flag)} for -rootless`);
  return process.getuid?.() !== 0;
}

function readGlobals(flags: Parsed, log: Log): Globals {
  const rootless = isRootless(flags.string('rootless'));
  const root = flags.string('root') || defaultRoot(process.env, rootless);
  const debug = flags.bool('debug');
  return {
    root: root.startsWith('/') ? root : `${process.cwd()}/${root}`,
    log,
    debug,
    systemdCgroup: flags.bool('systemd-cgroup'),
    rootless,
  };
}

function logOf(flags: Parsed): Log {
  return openLog({
    path: flags.string('log') || undefined,
    format: (flags.string('log-format') ?? 'text') as 'text' | 'json',
    debug: flags.bool('debug'),
  });
}

const asksForHelp = (word: string): boolean => /^--?h(elp)?$/.test(word);
const HELP_FLAG: Flag = { names: ['help', 'h'], kind: 'bool', help: 'show help' };

function printFlags(flags: readonly Flag[]): string {
  return flags
    .map(({ names, kind, help }) => {
      const forms = names.map((name) => (name.length === 1 ? `-${name}` : `--${name}`)).join(', ');
      return `   ${`${forms}${kind === 'bool' ? '' : ' value'}`.padEnd(32)}  ${help}`;
    })
    .join('\n');
}

function mainHelp(): string {
  const verbs = Object.entries(VERBS).map(([name, { summary }]) => `   ${name.padEnd(12)}${summary}`);
  return `NAME:
   tinyrunc - Open Container Initiative runtime

USAGE:
   tinyrunc [global options] command [command options] [arguments...]

VERSION:
   ${VERSION}

COMMANDS:
${verbs.join('\n')}

GLOBAL OPTIONS:
${printFlags(GLOBAL_FLAGS)}
`;
}

function verbHelp(name: string, verb: Verb): string {
  return `NAME:
   tinyrunc ${name} - ${VERBS[name]?.summary}

USAGE:
   tinyrunc ${name} ${verb.usage}

OPTIONS:
${printFlags([...verb.flags, HELP_FLAG])}
`;
}

function versionText(): string {
  return `tinyrunc version ${VERSION}\ncommit: ${COMMIT}\nspec: ${SPEC_VERSION}\n`;
}

function checkCount(name: string, verb: Verb, count: number): void {
  const [min, max] = verb.arguments;
  if (count >= min && count <= max) return;
  const wanted = min === max ? `exactly ${min}` : count < min ? `a minimum of ${min}` : `a maximum of ${max}`;
  throw usage(`tinyrunc: ${JSON.stringify(name)} requires ${wanted} argument(s)`);
}

/** What was tried, then what the kernel said: Node has it the other way round. */
function worded(error: Error): string {
  return error.message.replace(/^E[A-Z0-9]+: (.+), ([a-z]+ '.*')$/s, '$2: $1');
}

function prefixed(error: unknown, prefix: string | undefined): Error {
  const cause = error instanceof Error ? error : new Error(String(error));
  const message = prefix === undefined ? worded(cause) : `${prefix}: ${worded(cause)}`;
  if (cause instanceof TinyrunError)
    return new TinyrunError(cause.code, message, { cause, hint: cause.hint });
  return new Error(message, { cause });
}

/** The exit code that runc has for it. */
const NO_SUCH_VERB = 3;

async function runVerb(name: string, words: readonly string[], globals: Globals): Promise<number> {
  const entry = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
  if (entry === undefined) {
    globals.log.failure(usage(`No help topic for '${name}'`));
    return NO_SUCH_VERB;
  }
  const { verb } = await entry.load();
  const given = verb.rawArguments ? ['--', ...words] : words;
  const flags = parse(given, [...verb.flags, HELP_FLAG], verb.stopAtArgument ?? false);
  if (flags.bool('help') || (verb.rawArguments && words.some(asksForHelp))) {
    writeSync(1, verbHelp(name, verb));
    return 0;
  }
  checkCount(name, verb, flags.args.length);
  try {
    const code = await verb.run({ ...globals, flags });
    globals.log.success();
    return code;
  } catch (error) {
    globals.log.failure(prefixed(error, verb.failurePrefix));
    return verb.failureCode ?? 1;
  }
}

/** Runs one command line (without node and script); answers the exit code. */
export async function main(words: readonly string[]): Promise<number> {
  let log: Log = openLog({ format: 'text', debug: false });
  try {
    const flags = parse(words, GLOBAL_FLAGS, true);
    const [name, ...rest] = flags.args;
    if (flags.bool('version')) {
      writeSync(1, versionText());
      return 0;
    }
    if (name === undefined || name === 'help' || flags.bool('help')) {
      if (rest[0] !== undefined) return await main([rest[0], '--help']);
      writeSync(1, mainHelp());
      return 0;
    }
    log = logOf(flags);
    const { write } = log;
    if (flags.bool('debug')) onDebug((line) => write('debug', line));
    return await runVerb(name, rest, readGlobals(flags, log));
  } catch (error) {
    log.failure(prefixed(error, undefined));
    return 1;
  }
}
