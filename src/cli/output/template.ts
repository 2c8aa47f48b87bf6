import { FUNCTIONS } from './template-functions.ts';
import { type Command, type Node, type Operand, type Pipeline, parseTemplate } from './template-parse.ts';
import { fail, isObject, LOOSE, print, truth } from './template-values.ts';

/**
 * Go's text/template as far as `--format` needs it: fields, variables, pipelines, if, with, range, and the functions
 * that Docker adds (json, join, split, upper, lower, title, pad, truncate).
 */
export type Template = (data: unknown) => string;

/** @throws TinyrunError TEMPLATE for what does not parse; the function it answers throws it for missing fields */
export function compileTemplate(text: string): Template {
  const nodes = parseTemplate(text);
  return (data) => {
    const scope = new Scope(undefined, data);
    return new Evaluator().list(nodes, data, scope);
  };
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

class Break extends Error {}
class Continue extends Error {}

class Evaluator {
  /** Written so far, so that break keeps what came before it. */
  #out = '';

  list(nodes: readonly Node[], dot: unknown, scope: Scope): string {
    this.#run(nodes, dot, scope);
    return this.#out;
  }

  #run(nodes: readonly Node[], dot: unknown, scope: Scope): void {
    for (const node of nodes) this.#node(node, dot, scope);
  }

  #node(node: Node, dot: unknown, scope: Scope): void {
    if (node.kind === 'text') this.#out += node.text;
    else if (node.kind === 'action') this.#action(node.pipeline, dot, scope);
    else if (node.kind !== 'block') throw node.kind === 'break' ? new Break() : new Continue();
    else if (node.word === 'range') this.#range(node, dot, scope);
    else this.#condition(node, dot, scope);
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
    if (head.kind !== 'function') {
      if (rest.length + piped.length > 0) fail('only functions take arguments');
      return this.#operand(head, dot, scope);
    }
    if (head.name === 'and' || head.name === 'or') return this.#shortCut(head.name, rest, dot, scope, piped);
    const call = FUNCTIONS[head.name];
    if (!call) return fail(`function "${head.name}" not defined`);
    const values = rest.map((operand) => this.#operand(operand, dot, scope));
    return fields(call(...values, ...piped), head.fields);
  }

  /** The rest is only looked at when it matters. */
  #shortCut(
    name: 'and' | 'or',
    operands: readonly Operand[],
    dot: unknown,
    scope: Scope,
    piped: readonly unknown[],
  ) {
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
  let loose = false;
  for (const name of names) {
    if (current === undefined && loose) return undefined;
    if (!isObject(current)) return fail(`can't evaluate field ${name} in ${print(current)}`);
    if (!Object.hasOwn(current, name) && !loose)
      return fail(`no field ${name}; there are ${Object.keys(current).join(', ')}`);
    current = Object.hasOwn(current, name) ? (current as Record<string, unknown>)[name] : undefined;
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
