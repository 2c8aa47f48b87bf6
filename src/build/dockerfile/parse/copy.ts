import { openingOf } from '../heredocs.ts';
import type { CopyInstruction, CopySource, Word } from '../instruction.ts';
import type { FlagKind, Reader } from './reader.ts';

const BOTH: Readonly<Record<string, FlagKind>> = {
  chown: 'word',
  chmod: 'word',
  link: 'boolean',
  exclude: 'words',
};
const COPY: Readonly<Record<string, FlagKind>> = { ...BOTH, from: 'word', parents: 'boolean' };
const ADD: Readonly<Record<string, FlagKind>> = {
  ...BOTH,
  checksum: 'word',
  'keep-git-dir': 'boolean',
  unpack: 'boolean',
};

/** COPY and ADD. */
export function parseCopy(reader: Reader, kind: 'copy' | 'add'): CopyInstruction | undefined {
  reader.readFlags(kind === 'copy' ? COPY : ADD);
  const words = reader.list();
  const to = words.at(-1);
  if (to === undefined || words.length < 2)
    return void reader.tell(
      `${reader.name} requires at least two arguments, but only ${words.length} were provided: a destination is missing`,
      reader.whole,
    );
  if (openingOf(to.text, reader.esc) && !to.json)
    reader.tell(`${reader.name} cannot accept a heredoc as a destination`, to.range);
  const from = reader.flag('from');
  if (from?.text.includes('$'))
    reader.tell(
      "'from' doesn't support variable expansion, define alias stage instead",
      from.range,
      `FROM ${from.text.slice(0, 64)} AS name`,
    );
  return { kind, sources: sourcesOf(reader, words.slice(0, -1), kind), to, ...flagsOf(reader) };
}

function flagsOf(reader: Reader): Omit<CopyInstruction, 'kind' | 'sources' | 'to'> {
  const words = {
    from: reader.flag('from'),
    chown: reader.flag('chown'),
    chmod: reader.flag('chmod'),
    checksum: reader.flag('checksum'),
  };
  for (const [name, word] of Object.entries(words))
    if (word?.text === '') reader.tell(`flag --${name} is empty`, word.range);
  const unpack = reader.boolean('unpack');
  return {
    ...(words.from && { from: words.from }),
    ...(words.chown && { chown: words.chown }),
    ...(words.chmod && { chmod: words.chmod }),
    ...(words.checksum && { checksum: words.checksum }),
    ...(unpack !== undefined && { unpack }),
    link: reader.boolean('link') ?? false,
    parents: reader.boolean('parents') ?? false,
    keepGitDir: reader.boolean('keep-git-dir') ?? false,
    exclude: reader.flags('exclude'),
  };
}

function sourcesOf(reader: Reader, words: readonly Word[], kind: 'copy' | 'add'): CopySource[] {
  const heredocs = [...reader.line.heredocs];
  return words.map((word) => {
    const heredoc = !word.json && openingOf(word.text, reader.esc) ? heredocs.shift() : undefined;
    if (heredoc) return { kind: 'heredoc', word, heredoc };
    return { kind: kind === 'add' ? remoteKind(word.text) : 'path', word };
  });
}

/**
 * What ADD would fetch.
 * @see https://docs.docker.com/reference/dockerfile/#adding-files-from-a-git-repository
 */
export function remoteKind(text: string): 'path' | 'url' | 'git' {
  if (/^git@[^\s:]+:\S/.test(text) || /^(?:git|ssh):\/\//.test(text)) return 'git';
  if (!/^https?:\/\//.test(text)) return 'path';
  const [path = ''] = text.split(/[?#]/, 1);
  return path.endsWith('.git') ? 'git' : 'url';
}
