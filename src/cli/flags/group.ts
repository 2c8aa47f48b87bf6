import type { Command as Program } from 'commander';
import type { ContainerConfig } from '../../engine/config/types.ts';

/** What of the caller's surroundings flags speak of. */
export interface Host {
  readonly env: NodeJS.ProcessEnv;
  /** Where relative paths begin; asked for only by those, since a directory may be gone. */
  readonly cwd: string;
}

/** Read when a flag speaks of them. */
export const HOST: Host = {
  get env() {
    return process.env;
  },
  get cwd() {
    return process.cwd();
  },
};

/**
 * The flags of a field: `--memory %q` with their value quoted, `--cidfile %s` as it is, `--mount` without it; `%k` is the
 * kind of a mount. Of several the values stand in the list one after the other, or the first that is given counts.
 */
export type FieldNames = Readonly<Record<string, string | readonly string[]>>;

/** Flags that belong together, for every verb that takes them: text in, a part of a configuration out. */
export interface FlagGroup<F> {
  define(program: Program): void;
  /** @throws TinyrunError for what is no value of its flag; whether it can be is the engine's word */
  read(flags: F, host: Host): Partial<ContainerConfig>;
  /** What a `ConfigError` is worded with. */
  readonly names: FieldNames;
}
