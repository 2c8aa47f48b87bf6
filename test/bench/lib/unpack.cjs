// node unpack.cjs LAYER DIRECTORY: unpacks one layer on the thread that tinyrun pull unpacks on.

const { openSync, statSync } = require('node:fs');
const { join } = require('node:path');
const { Worker } = require('node:worker_threads');

const [layer, target] = process.argv.slice(2);
const worker = new Worker(join(__dirname, '../../../dist/unpack-worker.cjs'), {
  workerData: { blob: openSync(layer, 'r'), target },
});
worker.postMessage({ grow: statSync(layer).size });
worker.postMessage({ end: true });
worker.once('message', ({ error }) => {
  if (error) throw new Error(error.message);
});
