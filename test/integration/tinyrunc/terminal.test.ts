import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Bench } from '../../support/bench.ts';
import { TINYRUNC } from '../../support/programs.ts';
import { testSpec } from '../../support/spec.ts';

let bench: Bench;
beforeAll(() => {
  bench = new Bench();
});
afterAll(() => bench.dispose());

/** A bundle whose program has a terminal. */
function onTerminal(script: string): string {
  return bench.bundle(
    testSpec(['sh', '-c', script], (spec) => {
      if (spec.process) spec.process.terminal = true;
    }),
  );
}

/** Runs a line of shell on a terminal of 30 rows and 100 columns; `type` answers what to type after some output. */
function session(line: string, type: (seen: string) => string | undefined): Promise<string> {
  const script = join(bench.dir, `session-${Math.random()}.sh`);
  writeFileSync(script, `stty rows 30 cols 100\n${line}\n`);
  const child = spawn('script', ['-qec', `sh ${script}`, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let seen = '';
  let typed: string | undefined;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    seen += text;
    const next = type(seen);
    if (next === undefined || next === typed) return;
    typed = next;
    child.stdin.write(next);
  });
  return new Promise((resolve) => child.once('close', () => resolve(seen)));
}

const run = (bundle: string): string => `${TINYRUNC} --root ${bench.root} run -b ${bundle} ${bench.id()}`;

it('has the size of ours from its first moment, and what is typed reaches it', async () => {
  const bundle = onTerminal('stty size; echo ready; read x; echo "got $x"');
  const seen = await session(`${run(bundle)}; echo code $?; stty -a`, (text) =>
    text.includes('ready') ? 'typed\r' : undefined,
  );
  expect(seen).toContain('30 100\r\n');
  expect(seen).toContain('got typed');
  expect(seen).toContain('code 0');
  // the host's terminal is as it was
  expect(seen).toMatch(/ icanon/);
  expect(seen).toMatch(/ echo /);
});

it('passes Ctrl-C to the program, not to the command', async () => {
  const bundle = onTerminal('trap "echo caught; exit 9" INT; echo ready; while :; do sleep 0.05; done');
  const seen = await session(`${run(bundle)}; echo code $?`, (text) =>
    text.includes('ready') ? '\x03' : undefined,
  );
  expect(seen).toContain('caught');
  expect(seen).toContain('code 9');
});

it('works for exec', async () => {
  const id = bench.create(testSpec(['sleep', '1000']));
  bench.ok(['start', id]);
  const exec = `${TINYRUNC} --root ${bench.root} exec -t ${id} sh -c 'tty; stty size; exit 5'`;
  const seen = await session(`${exec}; echo code $?`, () => undefined);
  expect(seen).toMatch(/\/dev\/pts\/\d+\r\n30 100\r\n/);
  expect(seen).toContain('code 5');
});

it('reads a pipe to its end, which becomes ^D', () => {
  const bundle = onTerminal('cat; echo "after the end"');
  const args = ['--root', bench.root, 'run', '-b', bundle, bench.id()];
  const { status, stdout } = spawnSync(TINYRUNC, args, {
    input: 'piped\n',
    encoding: 'utf8',
    timeout: 120_000,
  });
  expect(status).toBe(0);
  expect(stdout).toContain('after the end');
});

it('restores the terminal when it is ended by a signal', async () => {
  const bundle = onTerminal('echo ready; trap "" TERM HUP INT; read x');
  const line = `sh -c 'echo $$ > ${bench.dir}/pid; exec ${run(bundle)}'; stty -a`;
  const seen = await session(line, (text) => {
    if (!text.includes('ready')) return undefined;
    spawnSync('sh', ['-c', `kill -SEGV $(cat ${bench.dir}/pid)`]);
    return undefined;
  });
  expect(seen).toMatch(/ icanon/);
});

it('lines end as the program writes them, as with runc; whoever takes the master over a socket has it as it is', async () => {
  const bundle = onTerminal('echo a; echo b; printf "c\\r\\n"');
  const args = ['--root', bench.root, 'run', '-b', bundle, bench.id()];
  expect(spawnSync(TINYRUNC, args, { encoding: 'utf8', timeout: 120_000 }).stdout).toBe('a\nb\nc\r\n');
  const id = bench.create(testSpec(['sleep', '1000']));
  bench.ok(['start', id]);
  const exec = ['--root', bench.root, 'exec', '-t', id, 'sh', '-c', 'echo a; echo b'];
  expect(spawnSync(TINYRUNC, exec, { encoding: 'utf8', timeout: 120_000 }).stdout).toBe('a\nb\n');
  // on a terminal of ours each line starts at its left all the same
  const seen = await session(`${run(onTerminal('echo one; echo two'))}; stty -a`, () => undefined);
  expect(seen).toMatch(/one\r\ntwo\r\n/);
  expect(seen).toMatch(/^opost .* onlcr /m);
});
