import { dict } from '../store/dict.ts';
import { durationOf } from '../store/words.ts';
import type { Healthcheck } from './types.ts';

type Timing = 'Interval' | 'Timeout' | 'StartPeriod' | 'StartInterval';

const TIMINGS: Readonly<Record<string, Timing>> = dict({
  interval: 'Interval',
  timeout: 'Timeout',
  'start-period': 'StartPeriod',
  'start-interval': 'StartInterval',
});

/** `NONE`, or `--interval=5s --retries=2 CMD …`; its words are those of whoever asks. */
export function healthcheckOf(
  rest: string,
  jsonList: (text: string) => string[] | undefined,
  bad: (message: string) => Error,
): Healthcheck {
  const check: Healthcheck = {};
  let left = rest;
  for (;;) {
    const [whole, flag = '', value = ''] = /^--([\w-]+)=(\S+)\s*/.exec(left) ?? [];
    if (whole === undefined) break;
    readFlag(check, flag, value, bad);
    left = left.slice(whole.length);
  }
  return { Test: testOf(left, jsonList, bad), ...check };
}

function readFlag(check: Healthcheck, flag: string, value: string, bad: (message: string) => Error): void {
  const timing = TIMINGS[flag];
  if (timing !== undefined) {
    const ms = durationOf(value);
    if (ms === undefined) throw bad(`time: invalid duration ${JSON.stringify(value)}`);
    if (ms !== 0 && ms < 1) throw bad(`Interval ${JSON.stringify(flag)} cannot be less than 1ms`);
    check[timing] = ms * 1_000_000;
  } else if (flag === 'retries') {
    if (!/^\d+$/.test(value)) throw bad(`--retries must be at least 0 (not ${value})`);
    check.Retries = Number(value);
  } else throw bad(`Unknown flag: ${flag}`);
}

function testOf(
  text: string,
  jsonList: (text: string) => string[] | undefined,
  bad: (message: string) => Error,
): string[] {
  const [, word = '', rest = ''] = /^(\S+)\s*([\s\S]*)$/.exec(text) ?? [];
  const kind = word.toUpperCase();
  if (kind === '') throw bad('HEALTHCHECK requires at least one argument');
  if (kind === 'NONE') {
    if (rest !== '') throw bad('HEALTHCHECK NONE takes no arguments');
    return ['NONE'];
  }
  if (kind !== 'CMD') throw bad(`Unknown type ${JSON.stringify(kind)} in HEALTHCHECK (try CMD)`);
  if (rest === '') throw bad('Missing command after HEALTHCHECK CMD');
  const list = jsonList(rest);
  return list ? ['CMD', ...list] : ['CMD-SHELL', rest];
}
