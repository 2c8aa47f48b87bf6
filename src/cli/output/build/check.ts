import { excerpt, type Problem, said } from '../../../build/dockerfile/problem.ts';
import type { Range, Source } from '../../../build/dockerfile/source.ts';
import { addressOf, ruleOf } from '../../../build/graph/lint/check.ts';
import type { Outline, OutlineNeed, TargetLine } from '../../../build/graph/outline.ts';

// What `build --call` answers, as `docker buildx build` prints it, and as its data.

/** Warnings for people. */
export function warningsText(source: Source, warnings: readonly Problem[]): string {
  if (warnings.length === 0) return 'Check complete, no warnings found.\n';
  const count =
    warnings.length === 1 ? '1 warning has been found!' : `${warnings.length} warnings have been found!`;
  return `Check complete, ${count}\n${warnings.map((one) => warningText(source, one)).join('')}`;
}

function warningText(source: Source, problem: Problem): string {
  const rule = ruleOf(problem.rule);
  const address = rule ? ` - ${addressOf(rule)}` : '';
  return `\nWARNING: ${problem.rule}${address}\n${said(problem)}\n${excerpt(source, problem.range)}`;
}

const place = ({ line, column }: Range['start']) => ({ line, character: column });
const location = ({ start, end }: Range) => ({ ranges: [{ start: place(start), end: place(end) }] });
const dataOf = (source: Source): string => Buffer.from(source.text).toString('base64');
const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;

/** frontend.lint's result.json; `buildError` is the first error, as there. */
export function warningsJson(
  source: Source,
  warnings: readonly Problem[],
  errors: readonly Problem[],
): string {
  const [first] = errors;
  return json({
    warnings: warnings.map((problem) => {
      const rule = ruleOf(problem.rule);
      return {
        ruleName: problem.rule,
        ...(rule && { description: rule.description, url: addressOf(rule) }),
        detail: said(problem),
        location: location(problem.range),
      };
    }),
    sources: [{ filename: source.name, language: 'Dockerfile', data: dataOf(source) }],
    ...(first && {
      buildError: { message: said(first), location: location(first.range) },
      // ours: all of them
      errors: errors.map((one) => ({ message: said(one), location: location(one.range) })),
    }),
  });
}

/** Go's tabwriter: cells padded to their column's width. */
function columns(rows: readonly (readonly string[])[], padding: number): string {
  const widths = rows.reduce<number[]>((all, row) => {
    for (const [at, cell] of row.slice(0, -1).entries()) all[at] = Math.max(all[at] ?? 0, cell.length);
    return all;
  }, []);
  return rows
    .map(
      (row) =>
        `${row.map((cell, at) => (at < row.length - 1 ? cell.padEnd((widths[at] ?? 0) + padding) : cell)).join('')}\n`,
    )
    .join('');
}

const TABLE_PADDING = 3;
const needs = (title: string, list: readonly OutlineNeed[]): string =>
  list.length === 0
    ? ''
    : `${columns([[title, 'REQUIRED'], ...list.map(({ name, required }) => [name, required ? 'true' : ''])], TABLE_PADDING)}\n`;

export function outlineText({ name, description, args, secrets, ssh }: Outline): string {
  const head = [
    ...(name !== undefined || description !== undefined ? [['TARGET:', name ?? '(default)']] : []),
    ...(description !== undefined ? [['DESCRIPTION:', description]] : []),
  ];
  const table = args.map((arg) => [arg.name, arg.value ?? '', arg.description ?? '']);
  return [
    head.length > 0 ? `${columns(head, 1)}\n` : '',
    table.length > 0 ? `${columns([['BUILD ARG', 'VALUE', 'DESCRIPTION'], ...table], TABLE_PADDING)}\n` : '',
    needs('SECRET', secrets),
    needs('SSH', ssh),
  ].join('');
}

const located = <T extends { readonly range: Range }>({ range, ...rest }: T) => ({
  ...rest,
  location: location(range),
});

export function outlineJson(outline: Outline, source: Source): string {
  const needed = (list: readonly OutlineNeed[]) =>
    list.map(({ name, required, range }) => ({
      name,
      ...(required && { required }),
      location: location(range),
    }));
  const { args, secrets, ssh, cache, ...head } = outline;
  return json({
    ...head,
    ...(args.length > 0 && { args: args.map(located) }),
    ...(secrets.length > 0 && { secrets: needed(secrets) }),
    ...(ssh.length > 0 && { ssh: needed(ssh) }),
    ...(cache.length > 0 && { cache: cache.map(({ id, range }) => ({ ID: id, location: location(range) })) }),
    sources: [dataOf(source)],
  });
}

export function targetsText(targets: readonly TargetLine[]): string {
  const rows = targets.map(({ name, isDefault, description = '' }) => {
    const words = [...(name === undefined ? [] : [name]), ...(isDefault ? ['(default)'] : [])];
    return [words.join(' '), description];
  });
  return columns([['TARGET', 'DESCRIPTION'], ...rows], TABLE_PADDING);
}

export function targetsJson(targets: readonly TargetLine[], source: Source): string {
  const list = targets.map(({ isDefault, range, name, ...rest }) => ({
    ...(name !== undefined && { name }),
    ...(isDefault && { default: true }),
    ...rest,
    location: location(range),
  }));
  return json({ targets: list, sources: [dataOf(source)] });
}
