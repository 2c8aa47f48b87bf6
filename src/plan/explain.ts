import { escapeJson, visible, wrap } from '../store/text.ts';
import { syscallOf } from './syscall.ts';
import type { Lane, Plan, Step } from './types.ts';

/** What is done around a plan and is no step of it. */
export interface Aside {
  readonly syscall: string;
  readonly why: string;
}

/** All that a verb does besides its plan, in order. */
export interface Asides {
  readonly before: readonly Aside[];
  readonly after: readonly Aside[];
}

/** A step, or what is done around it, as people read it. */
export interface Row {
  /** From 1; none beside the plan. */
  readonly number?: number;
  /** Or who does it. */
  readonly lane: Lane | keyof Asides | 'command' | 'monitor';
  readonly call: string;
  readonly why: string;
}

/** The part of util.styleText that is used here. */
export type Paint = (format: 'bold' | 'cyan' | 'dim' | 'green' | 'red' | 'yellow', text: string) => string;

export interface Look {
  /** Columns of the terminal: longer cells are wrapped. Without: one line per step, for grep and files. */
  readonly width?: number;
  readonly paint?: Paint | undefined;
}

export function rowOf(step: Step, index: number): Row {
  return { number: index + 1, lane: step.lane, call: visible(syscallOf(step)), why: visible(step.why) };
}

const plain: Paint = (_format, text) => text;

const NUMBER = 4;
const LANE = 9;
/** Below this there is no room for two columns of text. */
const NARROW = 60;

/** On a terminal an id is as short as everywhere else where people read it. */
const shortIds = (text: string): string => text.replace(/\b([0-9a-f]{12})[0-9a-f]{52}\b/g, '$1…');

/** How a row begins: its number and lane. */
export function head({ number, lane }: Pick<Row, 'number' | 'lane'>, paint: Paint = plain): string {
  const name = paint(lane === 'container' ? 'cyan' : 'yellow', lane.padEnd(LANE));
  return `${String(number ?? '').padStart(NUMBER)}  ${name}`;
}

function columns(row: Row, width: number, paint: Paint): string {
  if (width < NARROW) return stacked(row, width, paint);
  const room = width - NUMBER - LANE - 6;
  const left = Math.floor(room * 0.62);
  const call = wrap(shortIds(row.call), left);
  const why = wrap(shortIds(row.why), room - left);
  const blank = ' '.repeat(NUMBER + 2 + LANE);
  const lines = Array.from({ length: Math.max(call.length, why.length) }, (_, i) => {
    const start = i === 0 ? head(row, paint) : blank;
    return `${start}  ${(call[i] ?? '').padEnd(left)}  ${paint('dim', why[i] ?? '')}`.trimEnd();
  });
  return lines.join('\n');
}

/** One below the other, as deep as the numbers. */
function stacked(row: Row, width: number, paint: Paint): string {
  const indent = ' '.repeat(NUMBER + 2);
  const room = Math.max(width - indent.length, 8);
  const call = wrap(shortIds(row.call), room).map((text) => indent + text);
  const why = (row.why ? wrap(`# ${shortIds(row.why)}`, room) : []).map(
    (text) => indent + paint('dim', text),
  );
  return [head(row, paint).trimEnd(), ...call, ...why].join('\n');
}

/** A row of the table; without a line end. */
export function explainRow(row: Row, { width, paint = plain }: Look): string {
  if (width !== undefined) return columns(row, width, paint);
  return `${head(row, paint)}  ${row.call}${row.why && `  ${paint('dim', `# ${row.why}`)}`}`;
}

/** Lines that begin alike and go on below themselves: a row of a table whose last cell is long. */
export function hanging(start: string, text: string, { width }: Look): string {
  if (width === undefined) return `${start}${text}`;
  const indent = start.length < width / 2 ? start.length : NUMBER + 2;
  const room = Math.max(width - indent, 8);
  const [first = '', ...rest] = wrap(shortIds(text), room);
  const fits = start.length + first.length <= width;
  const lines = fits ? [start + first, ...rest.map((each) => ' '.repeat(indent) + each)] : [];
  return fits
    ? lines.join('\n')
    : [start.trimEnd(), ...[first, ...rest].map((each) => ' '.repeat(indent) + each)].join('\n');
}

/** One step, as in the table of `explainPlan`; without a line end. */
export function explainStep(step: Step, index: number, look: Look = {}): string {
  return explainRow(rowOf(step, index), look);
}

const aside =
  (lane: keyof Asides, look: Look) =>
  ({ syscall, why }: Aside): string =>
    explainRow({ lane, call: visible(syscall), why: visible(why) }, look);

/**
 * The whole plan, and what is done around it: number, lane, system call, why. Ends with a line end.
 * @example
 * const rootfs = { kind: 'directory', path: '/r' } as const;
 * const where = { id: 'x', bundle: '/b', rootfs, wait: { kind: 'exec' } } as const;
 * const { plan } = compile(defaultSpec(), hostFacts(), { ...where, onMissingController: 'warn' });
 * console.log(explainPlan(plan).includes('execve("sh"')); // true
 */
export function explainPlan(plan: Plan, look: Look = {}, { before, after }: Asides = NONE): string {
  const lines = [
    ...before.map(aside('before', look)),
    ...plan.steps.map((step, index) => explainRow(rowOf(step, index), look)),
    ...after.map(aside('after', look)),
  ];
  const of = (lane: Lane) => plan.steps.filter((step) => step.lane === lane).length;
  const total = `${plan.steps.length} steps: ${of('host')} on the host, ${of('container')} in the container`;
  return `${lines.join('\n')}\n${hanging('', total, look)}\n`;
}

const NONE: Asides = { before: [], after: [] };

/** Arguments as JSON has them: 64-bit integers as decimal strings, bytes as base64. */
function jsonValue(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

/** Bytes before JSON.stringify sees them, which asks a Buffer for its own idea of JSON first. */
function printable(args: object): object {
  return Object.fromEntries(
    Object.entries(args).map(([name, value]) => [
      name,
      value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value,
    ]),
  );
}

/**
 * The plan as data: `{ before?, steps: [{ number, lane, op, syscall, why, args, mayFail?, undo? }], after? }`.
 * @example
 * const rootfs = { kind: 'directory', path: '/r' } as const;
 * const where = { id: 'x', bundle: '/b', rootfs, wait: { kind: 'exec' } } as const;
 * const { plan } = compile(defaultSpec(), hostFacts(), { ...where, onMissingController: 'warn' });
 * console.log(JSON.parse(planAsJson(plan)).steps[0].number); // 1
 */
export function planAsJson(plan: Plan, asides?: Asides): string {
  const steps = plan.steps.map((step, index) => ({
    number: index + 1,
    lane: step.lane,
    op: step.op,
    syscall: syscallOf(step),
    why: step.why,
    args: printable(step.args),
    ...(step.mayFail ? { mayFail: true } : {}),
    ...(step.undo ? { undo: step.undo } : {}),
  }));
  return escapeJson(JSON.stringify({ ...asides, steps }, jsonValue, 2));
}
