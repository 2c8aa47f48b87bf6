// Generated from native/monitor.def by scripts/gen-steps.mjs: edit that file, then run npm run build.
import type { FieldKind } from '../../plan/steps.gen.ts';

/** The fields of each message, by its name. */
export interface Messages {
  stdin: { data: Uint8Array };
  stdout: { data: Uint8Array };
  stderr: { data: Uint8Array };
  /** What a monitor is started with; it lies in a memfd. Numbers of fds are those of the monitor's own process. `plan` makes the container, the journal in `run` takes it back; `remove`, a plan too, takes back what outlives a container that is kept (empty: it is kept). `data`: where exit.json stays. `cgroup`: of the container, for memory.events (empty: none). `owner` of the container's pipes, 0xffffffff: nobody else. `console`: the slot of its terminal, 0xffffffff for pipes. `output`, `errors` -1: nobody of the caller's reads them. `stays`: its input has not ended when the caller's has, nor when there is none; clients may go on, until closeStdin. `logBytes`, `logFiles`: of the log in `data`, 0 files: none. `events`: the file that is told what happens to it (empty: none), `event` the three parts of a line around what happened, twice, and what else is told of that (init/event.h); `eventsAfter`: lines, but for their time, for when all is taken back. `afterwards`: the program, with `environment`, that the monitor becomes where the container is to run again, by then `backoff` milliseconds later (again.cc); without a plan it does nothing else. `health`: a plan that runs a program in the container, whose first process's pidfd is put into `healthSlot` (empty: none); milliseconds between two of them, that each may take, that its start may take, and between two meanwhile; failures on end that make it unhealthy (init/health.h). `container`: the slot of the pidfd of the container that the plan's program is a further one of (0xffffffff: it is a container's first): `run` is a directory of its own, nothing of it is kept, it ends with that container; `actions`: what its start and its end are told as (none: start, die). */
  order: { plan: Uint8Array; remove: Uint8Array; run: string; data: string; cgroup: string; lock: number; caller: number; executable: number; input: number; output: number; errors: number; owner: number; console: number; stays: number; logBytes: bigint; logFiles: number; events: string; event: readonly string[]; eventsAfter: readonly string[]; afterwards: readonly string[]; environment: readonly string[]; backoff: number; health: Uint8Array; healthSlot: number; healthEvery: bigint; healthTimeout: bigint; healthStart: bigint; healthStartEvery: bigint; healthRetries: number; container: number; actions: readonly string[] };
  /** Nothing more will be typed: the program reads its end of file. */
  closeStdin: { [none: string]: never };
  /** What of the container a client wants from here on: output as frames, and the word of its end. The caller, whose pipes have it all from the start, can only want less. */
  attach: { stdin: number; output: number };
  /** Nobody reads what the caller passes on of 1 or 2: the program is to find that out, as of a pipe. (The end of the caller's own pipe would not tell this from the end of the caller.) */
  brokenPipe: { stream: number };
  /** The terminal of whoever is attached has this size now. */
  resize: { rows: number; columns: number };
  /** What tells how it is has changed: the file `health` of the run directory has the message `health`. It goes once that is taken. */
  lookHealth: { [none: string]: never };
  /** What is run from now on, as an order has it: no plan, nothing. Longer than what a client sends. */
  health: { plan: Uint8Array; slot: number; every: bigint; timeout: bigint; start: bigint; startEvery: bigint; retries: number };
  /** There is a plan to run: the file `plan` of the run directory has the message `run`. What it reserves is held by the monitor. The file goes before it is run, and who asked is told `ran`. */
  lookPlan: { [none: string]: never };
  /** Longer than what a client sends: of the host lane alone. */
  run: { plan: Uint8Array };
  /** The program runs. */
  started: { pid: number; startTime: bigint };
  /** The plan failed at this step, or the monitor before it (step 0xffffffff); nothing of its processes is left, its undo is the caller's. */
  failed: { step: number; error: number; syscall: string; path: string };
  /** It has ended, what it wrote has been passed on. Times are RFC 3339; `signal` 0: none. */
  exit: { code: number; signal: number; started: string; finished: string; why: string };
  /** What came of `lookPlan`: error 0, or the step that failed (0xffffffff: it could not be read). */
  ran: { step: number; error: number; syscall: string; path: string };
}

/** Kind, way and wire fields of each message, in wire order; `raw` is the rest of a frame. */
export const MESSAGES = {
  stdin: { kind: 0, way: 'to', fields: [['data', 'raw']] },
  stdout: { kind: 1, way: 'from', fields: [['data', 'raw']] },
  stderr: { kind: 2, way: 'from', fields: [['data', 'raw']] },
  order: { kind: 16, way: 'to', fields: [['plan', 'bytes'], ['remove', 'bytes'], ['run', 'str'], ['data', 'str'], ['cgroup', 'str'], ['lock', 'i32'], ['caller', 'i32'], ['executable', 'i32'], ['input', 'i32'], ['output', 'i32'], ['errors', 'i32'], ['owner', 'u32'], ['console', 'u32'], ['stays', 'u32'], ['logBytes', 'u64'], ['logFiles', 'u32'], ['events', 'str'], ['event', 'strs'], ['eventsAfter', 'strs'], ['afterwards', 'strs'], ['environment', 'strs'], ['backoff', 'u32'], ['health', 'bytes'], ['healthSlot', 'u32'], ['healthEvery', 'u64'], ['healthTimeout', 'u64'], ['healthStart', 'u64'], ['healthStartEvery', 'u64'], ['healthRetries', 'u32'], ['container', 'u32'], ['actions', 'strs']] },
  closeStdin: { kind: 17, way: 'to', fields: [] },
  attach: { kind: 18, way: 'to', fields: [['stdin', 'u32'], ['output', 'u32']] },
  brokenPipe: { kind: 20, way: 'to', fields: [['stream', 'u32']] },
  resize: { kind: 19, way: 'to', fields: [['rows', 'u32'], ['columns', 'u32']] },
  lookHealth: { kind: 21, way: 'to', fields: [] },
  health: { kind: 22, way: 'to', fields: [['plan', 'bytes'], ['slot', 'u32'], ['every', 'u64'], ['timeout', 'u64'], ['start', 'u64'], ['startEvery', 'u64'], ['retries', 'u32']] },
  lookPlan: { kind: 23, way: 'to', fields: [] },
  run: { kind: 24, way: 'to', fields: [['plan', 'bytes']] },
  started: { kind: 32, way: 'from', fields: [['pid', 'u32'], ['startTime', 'u64']] },
  failed: { kind: 33, way: 'from', fields: [['step', 'u32'], ['error', 'u32'], ['syscall', 'str'], ['path', 'str']] },
  exit: { kind: 34, way: 'from', fields: [['code', 'u32'], ['signal', 'u32'], ['started', 'str'], ['finished', 'str'], ['why', 'str']] },
  ran: { kind: 35, way: 'from', fields: [['step', 'u32'], ['error', 'u32'], ['syscall', 'str'], ['path', 'str']] },
} as const satisfies Record<
  keyof Messages,
  { kind: number; way: 'to' | 'from'; fields: readonly (readonly [string, FieldKind | 'raw'])[] }
>;
