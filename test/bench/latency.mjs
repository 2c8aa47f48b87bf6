// How long a line or a key takes.

import { spawn, spawnSync } from 'node:child_process';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { cleanEnvironment, ended } from './lib/child.mjs';
import { ask, engines, nextName } from './lib/engines.mjs';

const SAMPLES = 300;
const FOLLOW = 'logs -f';
const ECHO = 'attach, echo of a key';

export const section = {
  name: 'latency',
  order: 14,
  title: 'How long a line and a key take',
  about:
    `The 99th percentile of ${SAMPLES}, each measured from this program and back to it. A line: through a FIFO to \`cat\` ` +
    'in the container, into its log, to `logs -f`. A key: typed into `attach` at a terminal (of script(1)), echoed by the ' +
    "container's terminal.",
  unit: 'ms',
  base: `tinyrun ${FOLLOW}`,
  runs: 5,
  open,
};

/** What a program prints, in pieces as they come. */
class Output {
  #waiting;
  #text = '';

  constructor(stream) {
    stream.on('data', (piece) => {
      this.#text += piece;
      this.#look();
    });
  }

  #look() {
    if (!this.#waiting || !this.#text.includes(this.#waiting.words)) return;
    this.#text = '';
    this.#waiting.resolve(process.hrtime.bigint());
    this.#waiting = undefined;
  }

  /** When the words were there, in nanoseconds. */
  until(words) {
    return new Promise((resolve) => {
      this.#waiting = { words, resolve };
      this.#look();
    });
  }
}

/** The 99th percentile of what `send` takes until its words come back. */
async function p99(output, send) {
  const values = [];
  for (let i = 0; i < SAMPLES; i++) {
    const begin = process.hrtime.bigint();
    const end = await output.until(send(i));
    values.push(Number(end - begin) / 1e6);
    // as people and programs write: not one right behind the other
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  values.sort((a, b) => a - b);
  return values[Math.ceil(0.99 * values.length) - 1];
}

function begin(argv, atEnd) {
  const child = spawn(argv[0], argv.slice(1), {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: cleanEnvironment(),
    detached: true,
  });
  atEnd(() => ended(child));
  return { child, output: new Output(child.stdout) };
}

async function open(context) {
  const { all, skipped } = await engines(context);
  const contenders = [];
  for (const [name, argv] of Object.entries(all)) {
    const on = (...args) => [...argv, ...args];
    const fifo = join(context.state, `fifo-${name}`);
    spawnSync('mkfifo', [fifo]);
    const [reader, typed] = [nextName(), nextName()];
    ask(
      on(
        'run',
        '-d',
        '--network',
        'none',
        '--name',
        reader,
        '-v',
        `${fifo}:/fifo`,
        'busybox',
        'cat',
        '/fifo',
      ),
    );
    ask(on('run', '-dit', '--network', 'none', '--name', typed, 'busybox', 'sleep', '100000'));
    // for reading, too: the program has not ended while nobody writes
    const fd = openSync(fifo, constants.O_RDWR);
    context.atEnd(() => closeSync(fd));
    const followed = begin(on('logs', '-f', reader), context.atEnd);
    const line = on('attach', typed)
      .map((word) => `'${word}'`)
      .join(' ');
    const attached = begin(['script', '-qfc', line, '/dev/null'], context.atEnd);
    let lines = 0;
    const write = () => {
      const words = `line ${++lines}.`;
      writeSync(fd, `${words}\n`);
      return words;
    };
    const press = (i) => {
      const key = String.fromCharCode(97 + (i % 26));
      attached.child.stdin.write(key);
      return key;
    };
    contenders.push(
      { name: `${name} ${FOLLOW}`, measure: () => p99(followed.output, write) },
      { name: `${name} ${ECHO}`, measure: () => p99(attached.output, press) },
    );
  }
  return { contenders, targets, skipped };
}

const targets = [
  { what: 'a line in logs -f at most 5 ms', contender: `tinyrun ${FOLLOW}`, plus: 5 },
  { what: 'the echo of a key at most 2 ms', contender: `tinyrun ${ECHO}`, plus: 2 },
];
