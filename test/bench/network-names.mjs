// How fast names are answered in a network that somebody made.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ask } from './lib/engines.mjs';
import { has, networkEngines, printed, sleeper } from './lib/networks.mjs';

const EACH = 'a query of tinyrun, at full load';
const LATE = 'the 99th percentile of tinyrun, at 20,000 queries a second';
const SECONDS = 3;

export const section = {
  name: 'network-names',
  order: 15,
  title: 'Names',
  about:
    'dnsperf asks 127.0.0.11 in a container for the names of two others of its network. At full load a query is a second ' +
    'divided by the queries that were answered in it: 50 µs are 20,000 a second. dnsperf runs on the same processors.',
  unit: 'µs',
  base: EACH,
  runs: 5,
  open,
};

/** dnsperf's report. @throws where a query was lost */
function perQuery(text) {
  const lost = Number(/Queries lost:\s+(\d+)/.exec(text)?.[1]);
  if (lost !== 0) throw new Error(`${lost} queries were lost`);
  return 1e6 / Number(/Queries per second:\s+([\d.]+)/.exec(text)[1]);
}

/** Of -v: `> NOERROR web A 0.000123` */
function percentile(text) {
  perQuery(text);
  const all = [...text.matchAll(/^> NOERROR \S+ A ([\d.]+)$/gm)].map(([, s]) => Number(s) * 1e6);
  all.sort((a, b) => a - b);
  return all[Math.ceil(0.99 * all.length) - 1];
}

async function open(context) {
  const { all, skipped } = await networkEngines(context);
  if (!has('dnsperf'))
    return { contenders: [], skipped: [{ name: 'names', why: 'dnsperf is not installed' }] };
  const queries = join(context.directory, 'queries');
  writeFileSync(queries, 'web A\ndb A\n');
  const contenders = Object.entries(all).flatMap(([name, engine]) => {
    ask([...engine.argv, 'network', 'create', 'front']);
    const [one] = ['one', 'web', 'db'].map((each) => sleeper(engine, '--name', each, '--network', 'front'));
    const asks = [...engine.at(one), 'dnsperf', '-s', '127.0.0.11', '-d', queries, '-l', `${SECONDS}`];
    const full = { name: EACH.replace('tinyrun', name), measure: async () => perQuery(printed(asks)) };
    const late = {
      name: LATE.replace('tinyrun', name),
      measure: async () => percentile(printed([...asks, '-Q', '20000', '-v'])),
    };
    return [full, late];
  });
  const targets = [
    { what: '20,000 queries a second', contender: EACH, plus: 50 },
    { what: 'the 99th percentile at most 1 ms', contender: LATE, plus: 1000 },
  ];
  return { contenders, targets, skipped };
}
