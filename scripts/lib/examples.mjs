// The examples of the public API: those of README.md and docs/library.md, and the `@example`s of every function and method that
// src/index.ts exports. What they print is in a comment behind it: `console.log(exitCode); // 0`.
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const INDEX = join(PROJECT, 'src/index.ts');
/** What functions answer that is full of functions itself. */
const NOUNS = ['Engine', 'Container', 'StartedContainer', 'Volumes', 'Networks', 'Images', 'Running'];

const sources = new Map();
function sourceOf(file) {
  const known = sources.get(file);
  if (known) return known;
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ES2023, true);
  sources.set(file, source);
  return source;
}

/** What index.ts exports of others, with the file it is of. */
export function exported() {
  const found = [];
  for (const statement of sourceOf(INDEX).statements) {
    if (!ts.isExportDeclaration(statement) || !statement.moduleSpecifier) continue;
    const file = resolve(dirname(INDEX), statement.moduleSpecifier.text);
    for (const { name, isTypeOnly } of statement.exportClause.elements)
      found.push({ name: name.text, file, isType: statement.isTypeOnly || isTypeOnly });
  }
  return found;
}

/** A declaration of a file, also one that it passes on. */
function declarationOf(file, name) {
  const source = sourceOf(file);
  for (const node of source.statements) {
    if (node.name?.text === name) return node;
    if (ts.isExportDeclaration(node) && node.moduleSpecifier && node.exportClause?.elements)
      if (node.exportClause.elements.some((one) => one.name.text === name))
        return declarationOf(resolve(dirname(file), node.moduleSpecifier.text), name);
  }
  return undefined;
}

/** The code of each `@example` above a node. */
function examplesAbove(node) {
  const text = (node.jsDoc ?? []).map((doc) => doc.getText()).join('\n');
  const lines = text
    .replace(/^\/\*\*|\*\/$/g, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''));
  const found = [];
  let current;
  for (const line of lines) {
    const [, tag] = /^\s*@(\w+)/.exec(line) ?? [];
    if (tag !== undefined) {
      current = tag === 'example' ? [] : undefined;
      if (current) found.push(current);
    } else current?.push(line);
  }
  return found.map((code) => `${code.join('\n').trim()}\n`);
}

/** Every public function and method, by name, with its examples. */
export function publicFunctions() {
  const found = [];
  const add = (name, node) => found.push({ name, examples: examplesAbove(node) });
  for (const node of sourceOf(INDEX).statements)
    if (ts.isFunctionDeclaration(node)) add(node.name.text, node);
  for (const { name, file } of exported()) {
    const node = declarationOf(file, name);
    if (node && ts.isFunctionDeclaration(node)) add(name, node);
    if (!(node && ts.isInterfaceDeclaration(node) && NOUNS.includes(name))) continue;
    for (const member of node.members)
      if (ts.isMethodSignature(member) && ts.isIdentifier(member.name))
        add(`${name}.${member.name.text}`, member);
  }
  return found;
}

/** What examples find there: `web`, which runs, is written `ready` by, serves port 8080, and is well. */
const WEB = `await using web = await engine.start(
  {
    image: 'busybox',
    args: ['sh', '-c', 'httpd -p 127.0.0.1:8080; echo ready; exec sleep 1000'],
    health: { test: ['CMD', 'true'], intervalMs: 50 },
  },
  { name: 'web' },
);
await web.waitFor({ log: 'ready' });
`;

const IMPORT = /^import (?:type )?[^;]+ from '[^']+';\n/gm;
const VALUES = exported()
  .filter(({ name, isType }) => !isType && !NOUNS.includes(name))
  .map(({ name }) => name);

/** An example as a module: its imports, what it takes for granted, itself. */
export function moduleOf(code) {
  const imports = code.match(IMPORT) ?? [];
  const body = code.replace(IMPORT, '');
  const uses = (name) => new RegExp(`(?<![.\\w])${name}\\b(?!['":])`).test(body);
  const declares = (name) =>
    new RegExp(`\\b(?:const|using) ${name}\\b`).test(body) ||
    imports.some((line) => line.includes(` ${name}`));
  const needsWeb = (uses('web') || /'web'/.test(body)) && !declares('web');
  const needsEngine = (needsWeb || uses('engine')) && !declares('engine');
  const before = `${needsEngine ? 'const engine = createEngine();\n' : ''}${needsWeb ? WEB : ''}`;
  const names = [...VALUES, 'run'].filter(
    (name) => (uses(name) || (name === 'createEngine' && needsEngine)) && !declares(name),
  );
  const own = names.length > 0 ? [`import { ${names.join(', ')} } from 'tinyrun';\n`] : [];
  return { imports: [...own, ...imports], body: before + body };
}

/** What is to be printed: what stands behind each console.log, in order; undefined where nothing says so. */
export const printedBy = (code) =>
  [...code.matchAll(/^.*console\.log\(.*?; (\/\/ .*)$/gm)].flatMap(([, said]) =>
    said.split(/(?:^| )\/\/ /).filter(Boolean),
  );

const BLOCKS = /## ([^\n]*)\n|```ts\n(.*?)```\n(?:```text\n(.*?)```\n)?/gs;

const PAGES = ['README.md', 'docs/library.md'];

/** Those of the pages, with what stands below them. */
export function pageExamples() {
  const found = [];
  for (const page of PAGES) {
    const text = readFileSync(join(PROJECT, page), 'utf8');
    const before = found.length;
    let title = '';
    for (const [, heading, code, output] of text.matchAll(BLOCKS)) {
      title = heading ?? title;
      if (code !== undefined) found.push({ name: `${found.length + 1}. ${title}`, code, output });
    }
    if (found.length - before !== text.split('```ts').length - 1)
      throw new Error(`an example of ${page} was not found`);
  }
  return found;
}

/** All of them as sources of modules that do nothing until they are called: for the type checker, in any kind of module. */
export function* modules() {
  const all = publicFunctions().flatMap(({ name, examples }) => examples.map((code) => ({ name, code })));
  let count = 0;
  for (const { name, code } of [...all, ...pageExamples()]) {
    const { imports, body } = moduleOf(code);
    const text = `${imports.join('')}export async function example(): Promise<void> {\n${body}}\n`;
    yield { name: `${++count}-${name.replace(/\W+/g, '-')}`, text };
  }
}
