/** One thing wrong with a spec: where in the JSON (`linux.namespaces[2].type`) and what, lowercase. */
export interface Problem {
  readonly path: string;
  readonly message: string;
}

/** Errors refuse the container; warnings go to the log. Both empty: the spec is sound. */
export interface Verdict {
  readonly errors: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/** More problems than anybody reads: a hostile file must not make a report as long as itself. */
const MOST = 100;

/** What checks write into. */
export class Report implements Verdict {
  readonly errors: Problem[] = [];
  readonly warnings: Problem[] = [];

  error(path: Where, message: string): void {
    if (this.errors.length < MOST) this.errors.push({ path: String(path), message });
  }

  warn(path: Where, message: string): void {
    if (this.warnings.length < MOST) this.warnings.push({ path: String(path), message });
  }
}

/** A place in the JSON. Its text is made when something is wrong there: a sound spec has hundreds of places. */
export class Place {
  constructor(
    private readonly base: Where,
    private readonly key: string | number,
  ) {}

  /** `base.key`, `base[2]`, or `base["a key"]` when it is no identifier; long keys are cut. */
  toString(): string {
    if (typeof this.key === 'number') return `${this.base}[${this.key}]`;
    if (!/^[A-Za-z_]\w{0,63}$/.test(this.key)) return `${this.base}[${quote(this.key)}]`;
    return this.base === '' ? this.key : `${this.base}.${this.key}`;
  }
}

export type Where = string | Place;

export const at = (base: Where, key: string | number): Place => new Place(base, key);

/** A value as it is shown in a message: JSON, at most 64 characters. */
export function quote(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value !== 'string') return String(value);
  return JSON.stringify(value.length > 64 ? `${value.slice(0, 63)}…` : value);
}
