import { FUNCTIONS, type TemplateFunction } from './template-functions.ts';
import { type Node, parseTemplate } from './template-parse.ts';
import type { Command, Operand, Pipeline } from './template-pipeline.ts';
import { fail, Heads, isObject, LOOSE, nilOf, print, truth } from './template-values.ts';

/**
 * Go's text/template as `--format` knows it: fields, methods, variables, pipelines, if, with, range, define, template,
 * block, Go's own functions and those that Docker adds (json, join, split, upper, lower, title, pad, truncate).
 */
export type Template = (data: unknown) => string;

/** @throws TinyrunError TEMPLATE_SYNTAX for what does not parse; the function it answers throws TEMPLATE for missing fields */
export function compileTemplate(text: string, functions = FUNCTIONS): Template {
  const { nodes, defined } = parseTemplate(text);
  return (data) => new Evaluator(defined, functions).run(nodes, data);
}

/** Variables; `$` is what the template was started with. */
class Scope {
  readonly #values = new Map<string, unknown>();
  constructor(
    readonly parent: Scope | undefined,
    root?: unknown,
  ) {
    if (!parent) this.#values.set('$', root);
  }

  get(name: string): unknown {
    if (this.#values.has(name)) return this.#values.get(name);
    return this.parent ? this.parent.get(name) : fail(`undefined variable ${name}`);
  }

  declare(name: string, value: unknown): void {
    this.#values.set(name, value);
  }

  assign(name: string, value: unknown): void {
    if (this.#values.has(name)) this.#values.set(name, value);
    else if (this.parent) this.parent.assign(name, value);
    else fail(`undefined variable ${name}`);
  }
}

type Block = Extract<Node, { kind: 'block' }>;

/** A template that calls itself ends somewhere. */
const MAX_DEPTH = 100;
const MAX_OUTPUT = 1e8;

class Break extends Error {}
class Continue extends Error {}

class Evaluator {
  /** Written so far, so that break keeps what came before it. */
  #out = '';

  #depth = 0;
  constructor(
    readonly defined: ReadonlyMap<string, readonly Node[]>,
    readonly functions: Readonly<Record<string, TemplateFunction>>,
  ) {}

  run(nodes: readonly Node[], data: unknown): string {
    this.#run(nodes, data, new Scope(undefined, data));
    return this.#out;
  }

  #run(nodes: readonly Node[], dot: unknown, scope: Scope): void {
    for (const node of nodes) this.#node(node, dot, scope);
  }

  #node(node: Node, dot: unknown, scope: Scope): void {
    if (node.kind === 'text') this.#out += node.text;
    else if (node.kind === 'action') this.#action(node.pipeline, dot, scope);
    else if (node.kind === 'call') this.#template(node.name, node.pipeline, dot, scope);
    else if (node.kind !== 'block') throw node.kind === 'break' ? new Break() : new Continue();
    else if (node.word === 'range') this.#range(node, dot, scope);
    else this.#condition(node, dot, scope);
    if (this.#out.length > MAX_OUTPUT) fail(`it writes more than ${MAX_OUTPUT} characters`);
  }

  /** A named template sees nothing but what it is given, which is its `$`, too. */
  #template(name: string, pipeline: Pipeline | undefined, dot: unknown, scope: Scope): void {
    const nodes = this.defined.get(name) ?? fail(`template ${JSON.stringify(name)} not defined`);
    const given = pipeline && this.#pipeline(pipeline, dot, scope);
    if (++this.#depth > MAX_DEPTH) fail(`templates call each other more than ${MAX_DEPTH} deep`);
    this.#run(nodes, given, new Scope(undefined, given));
    this.#depth--;
  }

  #condition(node: Block, dot: unknown, scope: Scope): void {
    const inner = new Scope(scope);
    const value = this.#pipeline(node.pipeline, dot, inner);
    const chosen = truth(value) ? node.body : node.otherwise;
    this.#run(chosen, node.word === 'with' && truth(value) ? value : dot, inner);
  }

  #action(pipeline: Pipeline, dot: unknown, scope: Scope): void {
    const value = this.#pipeline(pipeline, dot, scope);
    if (pipeline.variables.length === 0) this.#out += print(value);
  }

  #range(node: Block, dot: unknown, scope: Scope): void {
    const entries = pairs(this.#pipeline({ ...node.pipeline, variables: [] }, dot, scope));
    if (entries.length === 0) this.#run(node.otherwise, dot, new Scope(scope));
    const [first, second] = node.pipeline.variables;
    for (const [key, value] of entries) {
      const inner = new Scope(scope);
      if (second !== undefined) inner.declare(first ?? '', key);
      if (first !== undefined) inner.declare(second ?? first, value);
      try {
        this.#run(node.body, value, inner);
      } catch (signal) {
        if (signal instanceof Break) return;
        if (!(signal instanceof Continue)) throw signal;
      }
    }
  }

  #pipeline({ commands, variables, assign }: Pipeline, dot: unknown, scope: Scope): unknown {
    let value: unknown;
    commands.forEach((command, i) => {
      value = this.#command(command, dot, scope, i === 0 ? [] : [value]);
    });
    for (const name of variables.slice(0, 1)) {
      if (assign) scope.assign(name, value);
      else scope.declare(name, value);
    }
    return value;
  }

  #command([head, ...rest]: Command, dot: unknown, scope: Scope, piped: readonly unknown[]): unknown {
    if (!head) return fail('empty command');
    if (head.kind === 'literal' && head.value === null && rest.length === 0) fail('nil is not a command');
    if (head.kind !== 'function') return this.#method(head, rest, dot, scope, piped);
    if (head.name === 'and' || head.name === 'or') return this.#shortCut(head.name, rest, dot, scope, piped);
    const call = this.functions[head.name];
    if (!call) return fail(`function "${head.name}" not defined`);
    const values = rest.map((operand) => this.#operand(operand, dot, scope));
    return fields(call(...values, ...piped), head.fields);
  }

  /** A value as it is, or a method of a row with its arguments: `.Label "a"`. */
  #method(
    head: Operand,
    rest: readonly Operand[],
    dot: unknown,
    scope: Scope,
    piped: readonly unknown[],
  ): unknown {
    const values = [...rest.map((operand) => this.#operand(operand, dot, scope)), ...piped];
    const value = this.#reach(head, dot, scope);
    const name = head.fields.at(-1) ?? print(value);
    if (typeof value !== 'function')
      return values.length === 0 ? value : fail(`can't give argument to non-function ${name}`);
    if (values.length !== value.length)
      fail(`wrong number of args for ${name}: want ${value.length} got ${values.length}`);
    const wrong = values.find((each) => typeof each !== 'string');
    return wrong === undefined ? value(...values) : fail(`expected string; found ${print(wrong)}`);
  }

  /** The rest is only looked at when it matters. */
  #shortCut(
    name: 'and' | 'or',
    operands: readonly Operand[],
    dot: unknown,
    scope: Scope,
    piped: readonly unknown[],
  ) {
    if (operands.length + piped.length === 0) fail(`wrong number of args for ${name}: want at least 1 got 0`);
    let value: unknown;
    const lazily = [
      ...operands.map((operand) => () => this.#operand(operand, dot, scope)),
      ...piped.map((one) => () => one),
    ];
    for (const next of lazily) {
      value = next();
      if (truth(value) === (name === 'or')) return value;
    }
    return value;
  }

  #operand(operand: Operand, dot: unknown, scope: Scope): unknown {
    const value = this.#reach(operand, dot, scope);
    const name = operand.fields.at(-1) ?? '';
    return typeof value === 'function'
      ? fail(`wrong number of args for ${name}: want ${value.length} got 0`)
      : value;
  }

  #reach(operand: Operand, dot: unknown, scope: Scope): unknown {
    switch (operand.kind) {
      case 'literal':
        return operand.value;
      case 'dot':
        return fields(dot, operand.fields);
      case 'variable':
        return fields(scope.get(operand.name), operand.fields);
      case 'pipeline':
        return fields(this.#pipeline(operand.pipeline, dot, scope), operand.fields);
      default:
        return this.#command([operand], dot, scope, []);
    }
  }
}

/** `.A.B` of a value. A member that is not there is an error, but for maps that people fill, such as labels. */
function fields(value: unknown, names: readonly string[]): unknown {
  let current = value;
  let loose = value instanceof Heads;
  for (const name of names) {
    if ((current === undefined || current === null) && loose) return undefined;
    if (!isObject(current)) return fail(`can't evaluate field ${name} in ${print(current)}`);
    if (!Object.hasOwn(current, name) && !loose)
      return fail(`no field ${name}; there are ${Object.keys(current).join(', ')}`);
    const found: unknown = Object.hasOwn(current, name) ? Reflect.get(current, name) : undefined;
    current = found === null && !loose ? nilOf(name) : found;
    loose = LOOSE.has(name);
  }
  return current;
}

const MAX_ROUNDS = 1e6;
const rounds = (count: number): number =>
  count <= MAX_ROUNDS ? count : fail(`range over ${count}: more than ${MAX_ROUNDS}`);

/** Key and value of what range goes through: lists in order, objects by sorted key, a number as a count. */
function pairs(value: unknown): [unknown, unknown][] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value.map((item, i) => [i, item]);
  if (typeof value === 'number') return Array.from({ length: rounds(value) }, (_, i) => [i, i]);
  if (!isObject(value)) return fail(`range can't iterate over ${print(value)}`);
  return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
}
