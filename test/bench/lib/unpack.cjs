// node unpack.cjs LAYER DIRECTORY: unpacks one layer on the thread that tinyrun pull unpacks on.

const { openSync, statSync } = require('node:fs');
const { join } = require('node:path');
const { Worker } = require('node:worker_threads');

const [layer, target] = process.argv.slice(2);
const worker = new Worker(join(__dirname, '../../../dist/unpack-worker.cjs'));
worker.postMessage({ id: 1, job: { blob: openSync(layer, 'r'), target } });
worker.postMessage({ id: 1, grow: statSync(layer).size });
worker.postMessage({ id: 1, end: true });
worker.once('message', ({ error }) => {
  worker.postMessage(null);
  if (error) throw new Error(error.message);
});
