import { Option, Command as Program } from 'commander';
import { TinyrunError } from '../errors.ts';
import { suggest } from '../store/suggest.ts';
import { commandPath } from './add-command.ts';
import type { Context } from './command.ts';
import { plannedFlag, plannedVerb } from './not-yet.ts';
import { type Table, wordsOf } from './verb.ts';

declare const TINYRUN_VERSION: string | undefined;
declare const TINYRUN_COMMIT: string | undefined;

/** Set by the build; running from source has no number of its own. */
export const VERSION = typeof TINYRUN_VERSION === 'string' ? TINYRUN_VERSION : '0.0.0-source';
/** What the build was made of. */
export const COMMIT = typeof TINYRUN_COMMIT === 'string' ? TINYRUN_COMMIT : 'unknown';

/** commander asks each flag of a verb twice for its attribute at every command line, and spells it anew. */
class Flag extends Option {
  readonly #attribute = super.attributeName();

  override attributeName(): string {
    return this.#attribute;
  }
}

class OurProgram extends Program {
  override createCommand(name?: string): Program {
    return new OurProgram(name);
  }

  override createOption(flags: string, description?: string): Option {
    return new Flag(flags, description);
  }
}

/** The program with its global options and no verb yet; what stands from the first argument on is not for it to read. */
export function createProgram(context: Pick<Context, 'out' | 'err'>): Program {
  return new OurProgram('tinyrun')
    .usage('[options] COMMAND [ARG...]')
    .description('a container runtime and engine where a container is a plan you can read')
    .option('--data-root <DIR>', 'images, layers and containers (TINYRUN_ROOT; default /var/lib/tinyrun)')
    .option('--run-root <DIR>', 'state of running containers (TINYRUN_RUN_ROOT; default /run/tinyrun)')
    .option('-D, --debug', 'print the stack of an error')
    .version(`tinyrun version ${VERSION}, build ${COMMIT.slice(0, 7)}`, '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .enablePositionalOptions()
    .passThroughOptions()
    .showSuggestionAfterError(false)
    .exitOverride()
    .configureOutput({ writeOut: context.out, writeErr: () => {}, outputError: () => {} });
}

export function unknownCommand(name: string, table: Table): TinyrunError {
  const planned = plannedVerb(name);
  if (planned) return planned;
  const near = suggest(name, wordsOf(table, ''));
  const hint = near.length ? `did you mean ${near.join(' or ')}` : 'tinyrun --help lists the commands';
  return new TinyrunError('USAGE', `unknown command: ${name}`, { hint });
}

/** commander's complaints about words that are no flags. */
const ABOUT_ARGUMENTS = [
  'commander.missingArgument',
  'commander.excessArguments',
  'commander.unknownCommand',
];

/**
 * commander's complaint as ours: its message without the prefix, its suggestion as the hint.
 * @param name what the verb is called among ourselves, whichever of its names was used
 */
export function usageError(
  { code, message }: { code: string; message: string },
  program: Program,
  name: string,
): TinyrunError {
  const text = message.replace(/^error: /, '').split('\n')[0] ?? message;
  const flag = /unknown option '([^']+)'/.exec(text)?.[1];
  const verb = /unknown command '([^']+)'/.exec(text)?.[1];
  const path = commandPath(program);
  if (flag) return plannedFlag(name, flag) ?? refusal('FLAG', `unknown flag: ${flag}`, near(flag, program));
  if (verb)
    return (
      plannedVerb(`${name} ${verb}`) ??
      refusal('USAGE', `unknown command: ${path} ${verb}`, nearCommand(verb, program))
    );
  if (ABOUT_ARGUMENTS.includes(code)) return refusal('ARGUMENTS', text, `usage: ${path} ${program.usage()}`);
  return refusal('FLAG', text, `${path} --help lists the flags`);
}

const refusal = (code: 'ARGUMENTS' | 'FLAG' | 'USAGE', text: string, hint: string) =>
  new TinyrunError(code, text, { hint });

function near(flag: string, program: Program): string {
  const found = suggest(flag.split('=')[0] ?? flag, longFlags(program));
  return found.length
    ? `did you mean ${found.join(' or ')}`
    : `${commandPath(program)} --help lists the flags`;
}

function nearCommand(verb: string, program: Program): string {
  const names = program.commands.flatMap((sub) => [sub.name(), ...sub.aliases()]);
  const found = suggest(verb, names);
  return found.length
    ? `did you mean ${found.join(' or ')}`
    : `${commandPath(program)} --help lists the commands`;
}

function longFlags(program: Program): string[] {
  return program.options.flatMap((option) => (option.hidden ? [] : [option.long ?? option.short ?? '']));
}
