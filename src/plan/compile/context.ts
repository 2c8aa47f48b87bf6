import { TinyrunError } from '../../errors.ts';
import type { Capability } from '../../spec/linux.ts';
import type { Linux, LinuxNamespaceType, Process, Spec } from '../../spec/types.ts';
import { type HostFacts, holds } from '../host.ts';
import type { StepArgs } from '../steps.gen.ts';
import { type Lane, SLOTS, type Step, type StepName, type Undo } from '../types.ts';
import type { CompileOptions } from './options.ts';

interface More {
  readonly mayFail?: true;
  readonly undo?: readonly Undo[];
}

/** How the container stands to a kind of namespace. */
export type Kinship = 'new' | 'joined' | 'shared';

/** What a compilation knows and has written so far. */
export class Context {
  readonly linux: Linux;
  readonly process: Process;
  readonly steps: Step[] = [];
  readonly warnings: string[] = [];
  /** Slots that the container lane needs. */
  readonly passed: number[] = [];
  #slots = 0;

  constructor(
    readonly spec: Spec,
    readonly host: HostFacts,
    readonly options: CompileOptions,
  ) {
    this.linux = spec.linux ?? {};
    this.process = spec.process ?? { cwd: '/' };
  }

  onHost<N extends StepName>(op: N, args: StepArgs[N], why: string, more: More = {}): void {
    this.#add('host', op, args, why, more);
  }

  inContainer<N extends StepName>(op: N, args: StepArgs[N], why: string, more: More = {}): void {
    this.#add('container', op, args, why, more);
  }

  #add<N extends StepName>(lane: Lane, op: N, args: StepArgs[N], why: string, more: More): void {
    this.steps.push({ op, lane, args, why, ...more } as Step);
  }

  /** How many slots are left. */
  get slotsLeft(): number {
    return SLOTS - this.#slots;
  }

  /** A slot of the machine's fd table. */
  slot(): number {
    if (this.#slots >= SLOTS)
      throw new TinyrunError('UNSUPPORTED', `the container needs more than ${SLOTS} open files to be set up`);
    return this.#slots++;
  }

  /** A slot whose fd the container lane inherits. */
  passedSlot(): number {
    const slot = this.slot();
    this.passed.push(slot);
    return slot;
  }

  warn(message: string): void {
    if (!this.warnings.includes(message)) this.warnings.push(message);
  }

  kinship(type: LinuxNamespaceType): Kinship {
    const entry = this.linux.namespaces?.find((ns) => ns.type === type);
    if (entry === undefined) return 'shared';
    return entry.path ? 'joined' : 'new';
  }

  has(type: LinuxNamespaceType): boolean {
    return this.kinship(type) !== 'shared';
  }

  /** Whether this process has a capability, by name. */
  holds(capability: Capability): boolean {
    return holds(this.host, capability);
  }

  /** The container cannot make device nodes: the kernel refuses mknod(2) to all but the first user namespace. */
  get inUserns(): boolean {
    return this.has('user') || this.host.inUserns;
  }
}
