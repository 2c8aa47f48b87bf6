import { AsyncLocalStorage } from 'node:async_hooks';
import fs from 'node:fs';
import net from 'node:net';
import { performance } from 'node:perf_hooks';
import { unpacking } from '../../image/unpack/thread.ts';
import { native } from '../../native/index.ts';
import { realAddon } from './real.ts';

// All that this code does to the system goes through node:fs and the addon. Both are objects whose functions are called by name:
// while somebody looks on, those that change something are in the hands of a session first, which sees each call and cannot
// miss one. Nobody's calls but those made within `act` are: a library's host has others under way.

/** biome-ignore lint/suspicious/noExplicitAny: whatever it takes */
export type Callable = (...args: any[]) => any;

/** Where a function is found: threads has one, `start` of unpack/thread.ts, and net one that counts, `connect`. */
export type Of = 'fs' | 'addon' | 'threads' | 'net';

/** Who is asked instead. */
export interface Session {
  /** What is to be done in place of a function; undefined: that itself. `own` is the function as it is. */
  call(of: Of, name: string, own: Callable): Callable | undefined;
}

const scope = new AsyncLocalStorage<Session>();
let process_: Session | undefined;
let isInstalled = false;
/** Within a call that a session makes of its own. */
let within = 0;

const sessionNow = (): Session | undefined => (within > 0 ? undefined : (scope.getStore() ?? process_));

/** Of the whole process: a command line has nothing else under way. */
export function begin(session: Session): void {
  install();
  process_ = session;
}

export function finish(): void {
  process_ = undefined;
}

/** Of what `act` does, and of whatever that waits for. */
export function during<T>(session: Session, act: () => Promise<T>): Promise<T> {
  install();
  return scope.run(session, act);
}

/** Calls of node's and ours within are not told: they are the session's own, or those of one that is told. */
export function aside<T>(act: () => T): T {
  within++;
  try {
    return act();
  } finally {
    within--;
  }
}

const elapsed = (from: number): number => Math.round((performance.now() - from) * 1e6);

/** What a call answers, or threw, and how long it took. */
export function timed<T>(act: () => T): { ns: number; answer?: T; error?: unknown } {
  const from = performance.now();
  try {
    return { answer: aside(act), ns: elapsed(from) };
  } catch (error) {
    return { error, ns: elapsed(from) };
  }
}

function install(): void {
  if (isInstalled) return;
  isInstalled = true;
  // before they are others
  realAddon();
  replace(fs as unknown as Record<string, Callable>, 'fs');
  replace(native() as unknown as Record<string, Callable>, 'addon');
  replaceOne(net as unknown as Record<string, Callable>, 'net', 'connect');
  replaceOne(unpacking as unknown as Record<string, Callable>, 'threads', 'start');
}

/** Functions are found by name when they are called: this module and every other calls what stands there now. */
function replace(module: Record<string, Callable>, of: Of): void {
  for (const [name, own] of Object.entries(module))
    if (typeof own === 'function' && !/^[A-Z_]/.test(name)) replaceOne(module, of, name, own);
}

function replaceOne(
  module: Record<string, Callable>,
  of: Of,
  name: string,
  own: Callable = module[name] as Callable,
): void {
  const asked = function (this: unknown, ...args: unknown[]) {
    return (sessionNow()?.call(of, name, own) ?? own).apply(this, args);
  };
  // with all that util.promisify goes by
  module[name] = Object.defineProperties(asked, Object.getOwnPropertyDescriptors(own));
}
