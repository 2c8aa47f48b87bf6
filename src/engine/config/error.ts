import { type ErrorCode, TinyrunError } from '../../errors.ts';

/** What calls a field by the name that its user wrote: `--memory`, `services.web.mem_limit`. */
export type NameOf = (field: string) => string;

/**
 * A value that cannot be: of which field (`limits.memory`, `mounts[1].target`), and why. Each face words it with what its
 * own users write. `{limits.memory}` in a hint is another field.
 */
export class ConfigError extends TinyrunError {
  readonly #hint: string | undefined;
  constructor(
    readonly field: string,
    readonly problem: string,
    options: { code?: ErrorCode; hint?: string; cause?: unknown } = {},
  ) {
    const { code = 'USAGE', hint, cause } = options;
    super(code, `${field}: ${problem}`, {
      cause,
      ...(hint === undefined ? {} : { hint: fill(hint, itself) }),
    });
    this.#hint = hint;
  }

  /** The same with the names of a face; `subject` is the field, and its value where that helps. */
  worded(subject: string, nameOf: NameOf): TinyrunError {
    const hint = this.#hint === undefined ? {} : { hint: fill(this.#hint, nameOf) };
    return new TinyrunError(this.code, `${subject}: ${this.problem}`, { cause: this, ...hint });
  }
}

const itself: NameOf = (field) => field;

const fill = (text: string, nameOf: NameOf): string =>
  text.replace(/\{([\w.]+)\}/g, (_, field: string) => nameOf(field));

/** A whole number between bounds. @throws ConfigError */
export function checkInteger(field: string, value: number, bounds: { min: number; max: number }): number {
  if (Number.isInteger(value) && value >= bounds.min && value <= bounds.max) return value;
  const end = bounds.max === Number.MAX_SAFE_INTEGER ? 'or more' : `to ${bounds.max}`;
  throw new ConfigError(field, `not a number from ${bounds.min} ${end}`);
}
