// A container's life as its users see it: what each verb answers in each state, and what comes after. Data, for the model test.

export type State = 'none' | 'running' | 'orphan' | 'paused' | 'rm' | 'exited';
/** quick: a program that ends at once, with 7. The last three are not verbs of ours. */
export type Event =
  | 'run'
  | 'run --rm'
  | 'run quick'
  | 'run --rm quick'
  | 'kill'
  | 'kill -s TERM'
  | 'rm'
  | 'rm -f'
  | 'inspect'
  | 'pause'
  | 'unpause'
  | 'kill -9 of the command'
  | 'kill -9 of the monitor';

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
  taken: { code: 125, stderr: /^tinyrun: the name \w+ is in use by container [0-9a-f]{12}\n/ },
  missing: { code: 1, stderr: /no such (?:container|object): /i },
  // docker's, too
  gone: { code: 0, stderr: /no such (?:container|object): /i },
  stopped: { code: 1, stderr: /^tinyrun: container \w+ is not running\n/ },
  running: { code: 1, stderr: /^tinyrun: container \w+ is running\n/ },
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

const RUNS = ['run', 'run --rm', 'run quick', 'run --rm quick'] as const;
const runs = (next: State) => Object.fromEntries(RUNS.map((run) => [run, cell('taken', next)]));

/** What is missing cannot be: nobody kills the command of what has ended. */
export const TABLE: Readonly<Record<State, Partial<Readonly<Record<Event, Cell>>>>> = {
  none: {
    run: cell('up', 'running'),
    'run --rm': cell('up', 'rm'),
    'run quick': cell('seven', 'exited', 7),
    'run --rm quick': cell('seven', 'none'),
    kill: cell('missing', 'none'),
    'kill -s TERM': cell('missing', 'none'),
    rm: cell('missing', 'none'),
    'rm -f': cell('gone', 'none'),
    inspect: cell('missing', 'none'),
  },
  // its command attends, a monitor is its parent
  running: {
    ...runs('running'),
    kill: cell('ok', 'exited', 137),
    'kill -s TERM': cell('ok', 'exited', 3),
    rm: cell('running', 'running'),
    'rm -f': cell('ok', 'none', 137),
    inspect: cell('ok', 'running'),
    'kill -9 of the command': cell('ok', 'orphan'),
    'kill -9 of the monitor': cell('ok', 'exited', 137),
  },
  orphan: {
    ...runs('orphan'),
    kill: cell('ok', 'exited', 137),
    'kill -s TERM': cell('ok', 'exited', 3),
    rm: cell('running', 'orphan'),
    'rm -f': cell('ok', 'none', 137),
    inspect: cell('ok', 'orphan'),
    pause: cell('ok', 'paused'),
    'kill -9 of the monitor': cell('ok', 'exited', 137),
  },
  paused: {
    ...runs('paused'),
    kill: cell('ok', 'exited', 137),
    rm: cell('running', 'paused'),
    'rm -f': cell('ok', 'none', 137),
    inspect: cell('ok', 'paused'),
    unpause: cell('ok', 'orphan'),
    'kill -9 of the monitor': cell('ok', 'exited', 137),
  },
  // the command is its parent
  rm: {
    ...runs('rm'),
    kill: cell('ok', 'none', 137),
    'kill -s TERM': cell('ok', 'none', 3),
    rm: cell('running', 'rm'),
    'rm -f': cell('ok', 'none', 137),
    inspect: cell('ok', 'rm'),
    'kill -9 of the command': cell('ok', 'none'),
  },
  exited: {
    ...runs('exited'),
    kill: cell('stopped', 'exited'),
    'kill -s TERM': cell('stopped', 'exited'),
    rm: cell('ok', 'none'),
    'rm -f': cell('ok', 'none'),
    inspect: cell('ok', 'exited'),
  },
};

/** What ps and inspect call it. */
export const STATUS: Readonly<Record<Exclude<State, 'none'>, string>> = {
  running: 'running',
  orphan: 'running',
  paused: 'paused',
  rm: 'running',
  exited: 'exited',
};

export const cells = Object.entries(TABLE).flatMap(([state, row]) =>
  Object.keys(row).map((event) => `${state}: ${event}`),
);
