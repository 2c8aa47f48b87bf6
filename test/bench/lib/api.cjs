// The Node API as a long-lived program uses it: loaded once, then container after container, each timed from the call
// to the exit code. Orders come as lines of JSON: {image, command}.

const { openSync } = require('node:fs');
const { join } = require('node:path');
const { createInterface } = require('node:readline');
const { createEngine } = require(join(__dirname, '../../../dist/index.cjs'));

const [, , dataRoot, runRoot] = process.argv;
const engine = createEngine({ dataRoot, runRoot });
const nowhere = openSync('/dev/null', 'r+');

async function once({ image, command }) {
  const options = { image, args: command, autoRemove: true, network: 'none' };
  const begin = process.hrtime.bigint();
  const { exitCode } = await engine.run(options, { stdio: [nowhere, nowhere, nowhere] });
  const ms = Number(process.hrtime.bigint() - begin) / 1e6;
  if (exitCode !== 0) throw new Error(`exit code ${exitCode}`);
  return { ms };
}

async function serve() {
  for await (const line of createInterface({ input: process.stdin })) {
    const answer = await once(JSON.parse(line)).catch((error) => ({ error: String(error.message) }));
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
}

serve();
