import { specTemplate } from '../../src/spec/template.ts';
import type { Mount, Spec } from '../../src/spec/types.ts';

/** The same, open to change. */
export type Mutable<T> = T extends readonly (infer U)[]
  ? Mutable<U>[]
  : T extends object
    ? { -readonly [K in keyof T]: Mutable<T[K]> }
    : T;

type Present<T, K extends keyof T> = Omit<T, K> & { [N in K]-?: NonNullable<T[N]> };
type Part<K extends 'process' | 'linux'> = Mutable<NonNullable<Spec[K]>>;
type Capabilities = NonNullable<Part<'process'>['capabilities']>;
/** A spec open to change, with the parts that those of the tests always have. */
export type MutableSpec = Present<Mutable<Spec>, 'root' | 'mounts'> & {
  process: Present<Omit<Part<'process'>, 'capabilities'>, 'user'> & {
    capabilities: Present<Capabilities, 'bounding' | 'effective' | 'permitted'>;
  };
  linux: Present<Part<'linux'>, 'namespaces'>;
};
export type MutableMount = Mutable<Mount>;
export type Change = (spec: MutableSpec) => void;

/** runc's template without a terminal and limits, running `args`; `change` makes of it what a test is about. */
export function testSpec(args: readonly string[], change: Change = () => {}): Spec {
  const spec = structuredClone(specTemplate(true)) as MutableSpec;
  spec.process.terminal = false;
  spec.process.args = [...args];
  delete spec.process.rlimits;
  change(spec);
  return spec as Spec;
}
