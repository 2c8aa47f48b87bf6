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

  error(path: string, message: string): void {
    if (this.errors.length < MOST) this.errors.push({ path, message });
  }

  warn(path: string, message: string): void {
    if (this.warnings.length < MOST) this.warnings.push({ path, message });
  }
}

/** `base.key`, or `base["a key"]` when it is no identifier; long keys are cut. */
export function at(base: string, key: string | number): string {
  if (typeof key === 'number') return `${base}[${key}]`;
  if (/^[A-Za-z_]\w{0,63}$/.test(key)) return base === '' ? key : `${base}.${key}`;
  return `${base}[${quote(key)}]`;
}

/** A value as it is shown in a message: JSON, at most 64 characters. */
export function quote(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value !== 'string') return String(value);
  return JSON.stringify(value.length > 64 ? `${value.slice(0, 63)}…` : value);
}
