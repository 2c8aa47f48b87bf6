// A container's life as its users see it: what each verb answers in each state, and what comes after. Data, for the model test.

export type State =
  | 'none'
  | 'created'
  | 'running'
  | 'orphan'
  | 'paused'
  | 'rm'
  | 'exited'
  | 'spent'
  | 'always'
  | 'halted';
/** quick: a program that ends at once, with 7. The last three are not verbs of ours. */
export type Event =
  | 'run'
  | 'run --rm'
  | 'run quick'
  | 'run --rm quick'
  | 'run -d'
  | 'run -d --restart always'
  | 'create'
  | 'start'
  | 'stop'
  | 'restart'
  | 'kill'
  | 'kill -s TERM'
  | 'pause'
  | 'unpause'
  | 'rename'
  | 'update --restart always'
  | 'update --restart no'
  | 'exec'
  | 'rm'
  | 'rm -f'
  | 'inspect'
  | 'kill -9 of the command'
  | 'kill -9 of the monitor'
  | 'kill -9 of the program';

export interface Answer {
  readonly code: number;
  readonly stderr: RegExp;
}

const NOTHING = /^$/;
/** up: nothing yet, its program runs. */
export const ANSWERS = {
  ok: { code: 0, stderr: NOTHING },
  up: { code: 0, stderr: NOTHING },
  seven: { code: 7, stderr: NOTHING },
  taken: {
    code: 125,
    stderr: /^tinyrun: the container name "\/\w+" is already in use by container "[0-9a-f]{64}"\n/,
  },
  inUse: {
    code: 1,
    stderr: /^tinyrun: the container name "\/\w+" is already in use by container "[0-9a-f]{64}"\n/,
  },
  missing: { code: 1, stderr: /no such (?:container|object): /i },
  // docker's, too
  gone: { code: 0, stderr: /no such (?:container|object): /i },
  stopped: { code: 1, stderr: /^tinyrun: container \w+ is not running\n/ },
  running: { code: 1, stderr: /^tinyrun: container \w+ is running\n/ },
  frozen: {
    code: 1,
    stderr: /^tinyrun: (?:container \w+ is already paused|cannot start a paused container, )/,
  },
  asleep: { code: 1, stderr: /^tinyrun: container \w+ is paused, unpause the container before exec\n/ },
  lively: { code: 1, stderr: /^tinyrun: container \w+ is not paused\n/ },
  once: { code: 1, stderr: /^tinyrun: container \w+ is removed when it ends \(--rm\)/ },
} satisfies Record<string, Answer>;

/** How a container ended: code of its record, and of the command that waits for it. */
export type Ending = 3 | 7 | 137;

export interface Cell {
  readonly answer: keyof typeof ANSWERS;
  readonly next: State;
  readonly ending?: Ending;
}

const cell = (answer: Cell['answer'], next: State, ending?: Ending): Cell => ({
  answer,
  next,
  ...(ending === undefined ? {} : { ending }),
});

type Row = Partial<Readonly<Record<Event, Cell>>>;

/** What is the same in every state of one that is there: its name is taken, and it can have another. */
const isThere = (state: State): Row => ({
  run: cell('taken', state),
  'run --rm': cell('taken', state),
  'run quick': cell('taken', state),
  'run --rm quick': cell('taken', state),
  'run -d': cell('taken', state),
  'run -d --restart always': cell('taken', state),
  create: cell('inUse', state),
  rename: cell('ok', state),
  inspect: cell('ok', state),
});

/** It does not run. */
const isStill = (state: State): Row => ({
  ...isThere(state),
  stop: cell('ok', state),
  kill: cell('stopped', state),
  'kill -s TERM': cell('stopped', state),
  pause: cell('stopped', state),
  unpause: cell('lively', state),
  exec: cell('stopped', state),
  rm: cell('ok', 'none'),
  'rm -f': cell('ok', 'none'),
});

/** It runs, and is kept when it has ended. */
const isUp = (state: State): Row => ({
  ...isThere(state),
  start: cell('ok', state),
  stop: cell('ok', 'exited', 3),
  restart: cell('ok', 'orphan', 3),
  kill: cell('ok', 'exited', 137),
  'kill -s TERM': cell('ok', 'exited', 3),
  unpause: cell('lively', state),
  exec: cell('ok', state),
  rm: cell('running', state),
  'rm -f': cell('ok', 'none', 137),
  'kill -9 of the monitor': cell('ok', 'exited', 137),
  'kill -9 of the program': cell('ok', 'exited', 137),
});

/** One that is paused hears of SIGTERM some time; --rm has no monitor. */
const without = (row: Row, event: Event): Row =>
  Object.fromEntries(Object.entries(row).filter(([name]) => name !== event));

/** What is missing cannot be: nobody kills the command of what has ended. */
export const TABLE: Readonly<Record<State, Row>> = {
  none: {
    run: cell('up', 'running'),
    'run --rm': cell('up', 'rm'),
    'run quick': cell('seven', 'spent', 7),
    'run --rm quick': cell('seven', 'none'),
    'run -d': cell('ok', 'orphan'),
    'run -d --restart always': cell('ok', 'always'),
    create: cell('ok', 'created'),
    start: cell('missing', 'none'),
    stop: cell('missing', 'none'),
    restart: cell('missing', 'none'),
    kill: cell('missing', 'none'),
    'kill -s TERM': cell('missing', 'none'),
    pause: cell('missing', 'none'),
    unpause: cell('missing', 'none'),
    rename: cell('missing', 'none'),
    'update --restart always': cell('missing', 'none'),
    exec: cell('missing', 'none'),
    rm: cell('missing', 'none'),
    'rm -f': cell('gone', 'none'),
    inspect: cell('missing', 'none'),
  },
  created: { ...isStill('created'), start: cell('ok', 'orphan'), restart: cell('ok', 'orphan') },
  // its command attends, a monitor is its parent
  running: { ...isUp('running'), 'kill -9 of the command': cell('ok', 'orphan') },
  // its command is gone, or was `start`
  orphan: {
    ...isUp('orphan'),
    pause: cell('ok', 'paused'),
    'update --restart always': cell('ok', 'always'),
    'update --restart no': cell('ok', 'orphan'),
  },
  paused: {
    ...without(isUp('paused'), 'kill -s TERM'),
    start: cell('frozen', 'paused'),
    pause: cell('frozen', 'paused'),
    unpause: cell('ok', 'orphan'),
    exec: cell('asleep', 'paused'),
  },
  // the command is its parent
  rm: {
    ...without(isUp('rm'), 'kill -9 of the monitor'),
    stop: cell('ok', 'none', 3),
    restart: cell('once', 'rm'),
    kill: cell('ok', 'none', 137),
    'kill -s TERM': cell('ok', 'none', 3),
    'kill -9 of the command': cell('ok', 'none'),
    'kill -9 of the program': cell('ok', 'none', 137),
  },
  exited: {
    ...isStill('exited'),
    start: cell('ok', 'orphan'),
    restart: cell('ok', 'orphan'),
    'update --restart always': cell('ok', 'halted'),
  },
  // it runs, and again when it ends by itself
  always: {
    ...isUp('always'),
    stop: cell('ok', 'halted', 3),
    restart: cell('ok', 'always', 3),
    kill: cell('ok', 'halted', 137),
    'kill -s TERM': cell('ok', 'halted', 3),
    'kill -9 of the monitor': cell('ok', 'always'),
    'kill -9 of the program': cell('ok', 'always'),
    'update --restart always': cell('ok', 'always'),
    'update --restart no': cell('ok', 'orphan'),
  },
  // one of those that was stopped by its user
  halted: {
    ...isStill('halted'),
    start: cell('ok', 'always'),
    restart: cell('ok', 'always'),
    'update --restart no': cell('ok', 'exited'),
  },
  // the quick one
  spent: { ...isStill('spent'), start: cell('ok', 'spent', 7), restart: cell('ok', 'spent', 7) },
};

/** What ps and inspect call it. */
export const STATUS: Readonly<Record<Exclude<State, 'none'>, string>> = {
  created: 'created',
  running: 'running',
  orphan: 'running',
  paused: 'paused',
  rm: 'running',
  exited: 'exited',
  spent: 'exited',
  always: 'running',
  halted: 'exited',
};

/** Those in which it has processes. */
export const ALIVE: readonly State[] = ['running', 'orphan', 'paused', 'rm', 'always'];

export const cells = Object.entries(TABLE).flatMap(([state, row]) =>
  Object.keys(row).map((event) => `${state}: ${event}`),
);
