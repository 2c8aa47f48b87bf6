// Checks of form: types, required fields, ranges, enumerations. null counts as absent, as it does for Go programs;
// names that are not listed are passed over, as the specification demands.

import { at, quote, type Report, type Where } from './report.ts';

/** Looks at one value; what is wrong goes to the report under `path`. */
export type Check = (value: unknown, path: Where, report: Report) => void;

/** A string that a system call can take: no NUL byte. */
export const text: Check = (value, path, report) => {
  if (typeof value !== 'string') report.error(path, `${quote(value)} is not a string`);
  else if (value.includes('\0')) report.error(path, 'a NUL byte cannot be passed to the kernel');
};

export const filled: Check = (value, path, report) => {
  text(value, path, report);
  if (value === '') report.error(path, 'must not be empty');
};

/** A path that starts at /. */
export const absolute: Check = (value, path, report) => {
  text(value, path, report);
  if (typeof value === 'string' && !value.startsWith('/'))
    report.error(path, `${quote(value)} is not an absolute path`);
};

/** Absent when empty, else absolute: what Go writes for an unset path. */
export const absoluteOrEmpty: Check = (value, path, report) => {
  if (value !== '') absolute(value, path, report);
};

export const flag: Check = (value, path, report) => {
  if (typeof value !== 'boolean') report.error(path, `${quote(value)} is not true or false`);
};

/** An integer between two bounds, both included. */
export function int(min: number, max: number): Check {
  return (value, path, report) => {
    if (typeof value !== 'number' || !Number.isInteger(value))
      report.error(path, `${quote(value)} is not an integer`);
    else if (value < min || value > max) report.error(path, `${value} is not between ${min} and ${max}`);
  };
}

export const uint32 = int(0, 0xffff_ffff);
/** JSON.parse rounds 2^64-1 up to 2^64. */
export const uint64 = int(0, 2 ** 64);
export const int64 = int(-(2 ** 63), 2 ** 63);

/** A string out of a list; `what` names it: `"foo" is not a namespace (pid, network, …)`. */
export function oneOf(what: string, values: readonly string[]): Check {
  return (value, path, report) => {
    if (typeof value === 'string' && values.includes(value)) return;
    report.error(path, `${quote(value)} is not ${what} (${values.filter((v) => v !== '').join(', ')})`);
  };
}

export function list(item: Check): Check {
  return (value, path, report) => {
    if (!Array.isArray(value)) return report.error(path, `${quote(value)} is not a list`);
    for (let i = 0; i < value.length; i++) item(value[i], at(path, i), report);
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An object of any names: `key` checks the name, `item` the value. */
export function record(item: Check, key?: Check): Check {
  return (value, path, report) => {
    if (!isObject(value)) return report.error(path, `${quote(value)} is not an object`);
    for (const name of Object.keys(value)) {
      key?.(name, at(path, name), report);
      item(value[name], at(path, name), report);
    }
  };
}

/** An object with known fields. A field ending in `!` is required; null counts as absent. */
export function object(fields: Readonly<Record<string, Check>>): Check {
  const known = Object.entries(fields).map(([name, check]) => ({
    name: name.replace('!', ''),
    required: name.endsWith('!'),
    check,
  }));
  return (value, path, report) => {
    if (!isObject(value)) return report.error(path, `${quote(value)} is not an object`);
    for (const { name, required, check } of known) {
      const field = Object.hasOwn(value, name) ? value[name] : undefined;
      if (field !== undefined && field !== null) check(field, at(path, name), report);
      else if (required) report.error(at(path, name), 'is missing');
    }
  };
}
