// Containers of several names and processes at once, against the table of their life: whatever is done to them, in whatever
// order and at the same time, each verb answers what the table says, and at each quiet point record, run directory, kernel,
// ps and inspect agree. What was not tried yet is tried first. TINYRUN_SEED repeats an
// order; with TINYRUN_MODEL_SECONDS it goes on for longer, with TINYRUN_MODEL_OPERATIONS until so many verbs were tried, and must
// then have tried every cell, with TINYRUN_MODEL_ACTORS by more processes.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isAbandoned } from '../../src/runtime/dir.ts';
import { hostFacts } from '../../src/runtime/host.ts';
import { Actor, attend } from '../support/actor.ts';
import { ALIVE, cells, type Event, STATUS, type State, TABLE } from '../support/lifecycle.ts';
import { cgroupsOf, pids } from '../support/processes.ts';
import { Sandbox } from '../support/sandbox.ts';

const SEED = Number(process.env.TINYRUN_SEED ?? Date.now() % 1_000_000);
const OPERATIONS = Number(process.env.TINYRUN_MODEL_OPERATIONS ?? 0);
/** On the busiest machine an operation takes no longer. */
const SECONDS = Number(process.env.TINYRUN_MODEL_SECONDS ?? (OPERATIONS > 0 ? 60 + OPERATIONS : 12));
const ACTORS = Number(process.env.TINYRUN_MODEL_ACTORS ?? 3);
const ROUND = 4;
/** With a minute there is no excuse. */
const THOROUGH = 60;
const PATIENCE = 120_000;

const sandbox = new Sandbox();
beforeAll(() => sandbox.layer());
afterAll(async () => {
  // where it failed
  const names = list(sandbox.dir, 'data/names');
  if (names.length > 0) await sandbox.tinyrun(['rm', '-f', ...names]);
  await sandbox.close();
});

/** mulberry32: small, and the same everywhere. */
function randomOf(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const list = (...names: string[]): string[] => {
  const dir = path.join(...names);
  return existsSync(dir) ? readdirSync(dir).sort() : [];
};

const visited = new Set<string>();

const freshIn = (state: State): Event[] =>
  (Object.keys(TABLE[state]) as Event[]).filter((event) => !visited.has(`${state}: ${event}`));

/** What was not tried yet comes first, then what leads there. */
function choose(state: State, random: () => number): Event {
  const events = Object.keys(TABLE[state]) as Event[];
  const leading = events.filter((event) => freshIn(TABLE[state][event]?.next ?? state).length > 0);
  const liked = [freshIn(state), leading].find((some) => some.length > 0) ?? events;
  const from = random() < 0.8 ? liked : events;
  return from[Math.floor(random() * from.length)] ?? 'inspect';
}

async function actFor(actor: Actor, random: () => number, log: string[]): Promise<void> {
  for (let n = 0; n < ROUND; n++) {
    const event = choose(actor.state, random);
    visited.add(`${actor.state}: ${event}`);
    log.push(`${actor.name} ${actor.state}: ${event}`);
    await actor.act(event);
  }
}

/** What may be heard of a name that several fight for. */
const HEARD = new RegExp(
  `^(?:tinyrun: (?:${[
    'the container name "/fought2?" is already in use by container "[0-9a-f]{64}"',
    'container fought is (?:running|being started|not running)',
    'container fought is restarting.*',
    'container fought is removed when it ends \\(--rm\\): it cannot be restarted',
    '--restart "always": what is removed when it ends is not there to be started again',
    'no such container: fought2?',
    'start the program: its process was ended by SIGKILL while it was set up',
  ].join('|')})\n(?:hint: .*\n)?)?$`,
  'i',
);
const CODES: Readonly<Record<string, readonly number[]>> = {
  run: [-9, 0, 7, 125, 137],
  update: [-9, 0, 1],
  exec: [-9, 0, 1, 137],
  create: [-9, 0, 1],
  start: [-9, 0, 1],
  stop: [0, 1],
  restart: [-9, 0, 1],
  rename: [-9, 0, 1],
  kill: [0, 1],
  rm: [0, 1],
  ps: [0],
};

/** Who may be killed at it. */
const SHOT = ['run', 'create', 'start', 'restart', 'rename', 'update', 'exec'];

/** Several at once do as they like to one name; nobody knows what it is then, but nobody hears of a defect. */
async function fight(random: () => number, log: string[]): Promise<void> {
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T;
  for (let n = 0; n < ROUND; n++) {
    const args = pick([
      ['run', '--rm', '--name', 'fought', 'busybox', 'sh', '-c', 'sleep 0.05; exit 7'],
      ['run', '--name', 'fought', 'busybox', 'sh', '-c', 'sleep 0.05; exit 7'],
      ['create', '--name', 'fought', 'busybox', 'sh', '-c', 'sleep 0.05; exit 7'],
      ['create', '--rm', '--name', 'fought', 'busybox', 'sh', '-c', 'sleep 0.05; exit 7'],
      ['run', '-d', '--restart', 'always', '--name', 'fought', 'busybox', 'sh', '-c', 'sleep 0.05; exit 7'],
      ['run', '-d', '--rm', '--name', 'fought', 'busybox', 'sleep', '0.05'],
      ['start', 'fought'],
      ['start', 'fought'],
      ['update', '--restart', 'always', 'fought'],
      ['update', '--restart', 'no', 'fought'],
      ['exec', 'fought', 'true'],
      ['stop', '-t', '0', 'fought'],
      ['restart', '-t', '0', 'fought'],
      ['rename', 'fought', 'fought2'],
      ['rename', 'fought2', 'fought'],
      ['kill', 'fought'],
      ['rm', '-f', 'fought'],
      ['ps', '-a'],
    ]);
    log.push(args.join(' '));
    const isShot = SHOT.includes(args[0] ?? '') && random() < 0.3;
    const { child, result } = attend(args.slice(1), sandbox.env, args[0]);
    if (isShot) setTimeout(() => child.kill('SIGKILL'), random() * 150);
    const { code, stderr } = await result;
    expect({ args, code, stderr }).toEqual({
      args,
      code: expect.toBeOneOf([...(CODES[args[0] ?? ''] ?? [])]),
      stderr: expect.stringMatching(HEARD),
    });
  }
}

interface Row {
  readonly ID: string;
  readonly Names: string;
  readonly State: string;
  readonly Status: string;
}

/** Record, run directory, kernel and ps say the same, and nothing is left of what has gone. */
async function compare(actors: readonly Actor[]): Promise<void> {
  const { stdout, stderr } = await sandbox.tinyrun(['ps', '-a', '--no-trunc', '--format', 'json']);
  expect(stderr).toBe('');
  const rows: Row[] = stdout
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  const there = actors.filter(({ state }) => state !== 'none');
  const alive = there.filter(({ state }) => ALIVE.includes(state)).map(({ id }) => id);
  const told = rows.map(({ ID, Names, State }) => `${Names} ${ID} ${State}`).sort();
  expect(told).toEqual(
    there.map(({ name, id, state }) => `${name} ${id} ${STATUS[state as 'running']}`).sort(),
  );
  for (const { name, state, ending } of there)
    if (STATUS[state as 'running'] === 'exited')
      expect(rows.find(({ Names }) => Names === name)?.Status).toMatch(
        new RegExp(`^Exited \\(${ending}\\) `),
      );
  const ids = there.map(({ id }) => id).sort();
  expect({
    data: list(sandbox.dir, 'data/containers'),
    names: list(sandbox.dir, 'data/names'),
    run: list(sandbox.dir, 'run/containers'),
    abandoned: alive.filter((id) => isAbandoned(path.join(sandbox.dir, 'run/containers', id))),
    mounts: readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.includes(sandbox.dir)),
    ...groups(actors.flatMap((actor) => actor.ids)),
  }).toEqual({
    data: ids,
    names: there.map(({ name }) => name).sort(),
    run: [...alive].sort(),
    abandoned: [],
    mounts: [],
    groups: [...alive].sort(),
    members: [...alive].sort(),
  });
}

/** Of all that there ever were: whose cgroup is there, and who has processes. */
function groups(ids: readonly string[]): { groups: string[]; members: string[] } {
  const root = path.join(hostFacts().cgroup.unifiedRoot ?? '', 'tinyrun');
  const there = new Set(list(root));
  const used = pids().map(cgroupsOf).join('');
  return {
    groups: ids.filter((id) => there.has(id)).sort(),
    members: ids.filter((id) => used.includes(id)).sort(),
  };
}

/** The short one is over when all was tried, the thorough one not before, which on a busy machine takes longer. */
const isGoingOn = (end: number, done: number): boolean => {
  if (OPERATIONS > 0) return done < OPERATIONS && Date.now() < end;
  return SECONDS < THOROUGH
    ? Date.now() < end && visited.size < cells.length
    : Date.now() < end || (Date.now() < end + PATIENCE && visited.size < cells.length);
};

test(`states and events, seed ${SEED}`, { timeout: SECONDS * 1000 + PATIENCE + 120_000 }, async () => {
  const actors = Array.from({ length: ACTORS }, (_, at) => new Actor(sandbox, `n${at + 1}x`));
  const [log, fought]: [string[], string[]] = [[], []];
  const end = Date.now() + SECONDS * 1000;
  try {
    for (let round = 0; isGoingOn(end, log.length + fought.length); round++) {
      const seeds = randomOf(SEED + round);
      const fighters = round % 3 !== 1 ? [] : [1, 2].map(() => fight(randomOf(seeds() * 2 ** 32), fought));
      await Promise.all([
        ...actors.map((actor) => actFor(actor, randomOf(seeds() * 2 ** 32), log)),
        ...fighters,
      ]);
      if (fighters.length > 0) await sandbox.tinyrun(['rm', '-f', 'fought', 'fought2']);
      await compare(actors);
    }
  } catch (error) {
    console.error(`TINYRUN_SEED=${SEED}\n${log.join('\n')}`);
    throw error;
  }
  expect(log.length + fought.length).toBeGreaterThanOrEqual(OPERATIONS);
  if (SECONDS >= THOROUGH) expect(cells.filter((cell) => !visited.has(cell))).toEqual([]);
  for (const actor of actors) if (actor.state !== 'none') await actor.act('rm -f');
  await compare(actors);
});
