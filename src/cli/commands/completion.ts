import { Command as Program } from 'commander';
import { TinyrunError } from '../../errors.ts';
import { dict } from '../../store/dict.ts';
import type { Command, Context } from '../command.ts';
import { COMMANDS } from '../commands.ts';

export const command: Command = {
  name: 'completion',
  summary: 'print a shell completion script',
  usage: 'bash|zsh|fish',
  examples: [
    'source <(tinyrun completion bash)',
    'tinyrun completion zsh > ~/.zfunc/_tinyrun',
    'tinyrun completion fish > ~/.config/fish/completions/tinyrun.fish',
  ],
  define(program, context) {
    program.argument('<shell>').action(async (shell: string) => {
      const print = SHELLS[shell];
      if (!print)
        throw new TinyrunError('USAGE', `unknown shell ${JSON.stringify(shell)}: bash, zsh or fish`);
      context.out(print(await allVerbs(context)));
    });
  },
};

interface Verb {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly { readonly names: readonly string[]; readonly description: string }[];
  readonly verbs: readonly Verb[];
}

/** Every verb with its flags: the one command that loads them all. */
async function allVerbs(context: Context): Promise<Verb[]> {
  const names = Object.entries(COMMANDS).filter(([, entry]) => !entry.hidden);
  return Promise.all(
    names.map(async ([name, entry]) => {
      const program = new Program(name).helpOption('--help', 'print help');
      (await entry.load()).command.define(program, context);
      return verbOf(program, entry.summary);
    }),
  );
}

function verbOf(program: Program, summary: string): Verb {
  const flags = program.options
    .filter((option) => !option.hidden)
    .map(({ short, long, description }) => ({
      names: [short, long].filter((name) => name !== undefined),
      description,
    }));
  flags.push({ names: ['--help'], description: 'print help' });
  const verbs = program.commands.map((sub) => verbOf(sub, sub.summary() || sub.description()));
  return { name: program.name(), summary, flags, verbs };
}

const words = (verb: Verb) =>
  [
    ...(verb.name === 'completion' ? Object.keys(SHELLS) : verb.verbs.map((sub) => sub.name)),
    ...verb.flags.flatMap((flag) => flag.names),
  ].join(' ');

function bash(verbs: readonly Verb[]): string {
  const cases = verbs.flatMap((verb) => [
    ...verb.verbs.map((sub) => `    '${verb.name} ${sub.name}') words="${words(sub)}" ;;`),
    `    '${verb.name} '*) words="${words(verb)}" ;;`,
  ]);
  return `# bash completion for tinyrun: source <(tinyrun completion bash)
_tinyrun() {
  local current=\${COMP_WORDS[COMP_CWORD]} verb='' sub='' word words
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in -*) ;; *) if [ -z "$verb" ]; then verb=$word; else sub=$word; break; fi ;; esac
  done
  case "$verb $sub" in
    ' ') words="${verbs.map((verb) => verb.name).join(' ')} --data-root --run-root --debug --help --version" ;;
${cases.join('\n')}
    *) words='' ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [ \${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "$current"))
}
complete -F _tinyrun tinyrun
`;
}

/** Single quotes for zsh and fish; brackets and colons mean something in a zsh specification. */
const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
const plain = (text: string) => text.replace(/[[\]:]/g, ' ');

function zsh(verbs: readonly Verb[]): string {
  const list = verbs.map((verb) => `    ${quote(`${verb.name}:${plain(verb.summary)}`)}`).join('\n');
  const cases = verbs.map((verb) => {
    const specs = verb.flags.flatMap((flag) =>
      flag.names.map((name) => quote(`*${name}[${plain(flag.description)}]`)),
    );
    return `    ${verb.name}) _arguments -S ${specs.join(' ')} '*: :_files' ;;`;
  });
  return `#compdef tinyrun
_tinyrun() {
  local -a verbs
  verbs=(
${list}
  )
  if (( CURRENT == 2 )); then _describe command verbs; return; fi
  case $words[2] in
${cases.join('\n')}
  esac
}
_tinyrun "$@"
`;
}

function fish(verbs: readonly Verb[]): string {
  const lines = verbs.flatMap((verb) => [
    `complete -c tinyrun -n __fish_use_subcommand -f -a ${verb.name} -d ${quote(verb.summary)}`,
    ...verb.flags.map((flag) => fishFlag(verb.name, flag)),
  ]);
  return `# fish completion for tinyrun\n${lines.join('\n')}\n`;
}

function fishFlag(verb: string, flag: Verb['flags'][number]): string {
  const names = flag.names.map((name) =>
    name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`,
  );
  return `complete -c tinyrun -n '__fish_seen_subcommand_from ${verb}' ${names.join(' ')} -d ${quote(flag.description)}`;
}

const SHELLS: Readonly<Record<string, (verbs: readonly Verb[]) => string>> = dict({ bash, zsh, fish });
