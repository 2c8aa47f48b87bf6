import type { Heredoc } from './heredocs.ts';
import type { Line } from './lines.ts';
import type { Range } from './source.ts';

/** A word as it was written, continuations gone: nothing in it is expanded, its quotes are there. */
export interface Word {
  readonly text: string;
  readonly range: Range;
  /** It stood in the JSON form: no quotes in it are ours. */
  readonly json?: true;
}

export interface Pair {
  readonly name: Word;
  readonly value: Word;
}

/** `text`: for a shell. */
export type CommandForm =
  | { readonly form: 'shell'; readonly text: string; readonly range: Range }
  | { readonly form: 'exec'; readonly argv: readonly string[]; readonly range: Range };

export interface CopySource {
  readonly kind: 'path' | 'url' | 'git' | 'heredoc';
  readonly word: Word;
  /** Of a heredoc. */
  readonly heredoc?: Heredoc;
}

export type MountType = 'bind' | 'cache' | 'secret' | 'ssh' | 'tmpfs';

/** `--mount`: what stands in it, by the one name each key has among ourselves. */
export interface MountFlag {
  readonly type: MountType;
  readonly range: Range;
  readonly fields: ReadonlyMap<MountKey, string>;
  /** `rw` and `required`, and their opposites. */
  readonly writable?: boolean;
  readonly required?: boolean;
}
export type MountKey =
  | 'target'
  | 'source'
  | 'from'
  | 'id'
  | 'sharing'
  | 'mode'
  | 'uid'
  | 'gid'
  | 'size'
  | 'env';

/** Durations in milliseconds; those that were not given are missing. */
export interface HealthFlags {
  readonly interval?: number;
  readonly timeout?: number;
  readonly startPeriod?: number;
  readonly startInterval?: number;
  readonly retries?: number;
}

export interface RunInstruction {
  readonly kind: 'run';
  readonly command: CommandForm;
  readonly heredocs: readonly Heredoc[];
  readonly mounts: readonly MountFlag[];
  readonly network?: Word;
  readonly security?: Word;
  readonly devices: readonly Word[];
}

export interface CopyInstruction {
  readonly kind: 'copy' | 'add';
  readonly sources: readonly CopySource[];
  readonly to: Word;
  readonly from?: Word;
  readonly chown?: Word;
  readonly chmod?: Word;
  readonly link: boolean;
  readonly parents: boolean;
  readonly exclude: readonly Word[];
  readonly unpack?: boolean;
  readonly checksum?: Word;
  readonly keepGitDir: boolean;
}

export interface ArgInstruction {
  readonly kind: 'arg';
  readonly args: readonly { readonly name: Word; readonly value?: Word }[];
}

export type HealthcheckInstruction = {
  readonly kind: 'healthcheck';
  readonly check: 'none' | { readonly command: CommandForm; readonly flags: HealthFlags };
};

/** What an instruction says, without where. */
export type Deed =
  | RunInstruction
  | CopyInstruction
  | ArgInstruction
  | HealthcheckInstruction
  | { readonly kind: 'env' | 'label'; readonly pairs: readonly Pair[]; readonly legacy: boolean }
  | { readonly kind: 'workdir' | 'user' | 'stopsignal' | 'maintainer'; readonly word: Word }
  | { readonly kind: 'cmd' | 'entrypoint'; readonly command: CommandForm }
  | { readonly kind: 'shell'; readonly argv: readonly string[] }
  | { readonly kind: 'expose' | 'volume'; readonly words: readonly Word[] }
  | { readonly kind: 'onbuild'; readonly text: string; readonly inner: Deed };

export type Kind = Deed['kind'];

/** `onbuild`: it is a trigger of the base, and this the FROM that it came by. */
export type Instruction = Deed & {
  readonly range: Range;
  readonly line: Line;
  readonly onbuild?: Range;
};

export interface Stage {
  readonly index: number;
  /** Lowercase. */
  readonly name?: string;
  /** As it was written. */
  readonly nameWord?: Word;
  readonly as?: Word;
  readonly base: Word;
  readonly platform?: Word;
  readonly body: readonly Instruction[];
  readonly range: Range;
  readonly line: Line;
}
