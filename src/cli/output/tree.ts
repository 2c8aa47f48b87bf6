import type { FileChange } from '../../image/tree.ts';
import { visible } from '../../store/text.ts';

const MARK = { added: '+', changed: '~', removed: '-' } as const;

/** A directory, or a file where there is a change. */
interface Node {
  readonly name: string;
  readonly children: Map<string, Node>;
  change?: FileChange;
}

const bytesOf = ({ size, hides, change }: FileChange): number => (change === 'removed' ? hides : size);

const total = (node: Node): number =>
  [...node.children.values()].reduce(
    (sum, child) => sum + total(child),
    node.change ? bytesOf(node.change) : 0,
  );

/**
 * Changes of a layer as a tree by directory, the `count` with most bytes: a directory with the sum of what is shown in
 * it, an added or changed file with its bytes, a removed one with those it hides.
 */
export function drawTree(
  changes: readonly FileChange[],
  count: number,
  size: (bytes: number) => string,
): string {
  const root: Node = { name: '', children: new Map() };
  for (const change of changes.slice(0, count)) insert(root, change);
  const more = changes.length - Math.min(count, changes.length);
  const lines = draw(root, '', size);
  const rest = more > 0 ? [`└─ ${more} more`] : [];
  return [...(more > 0 ? lines.map(opened) : lines), ...rest].map((line) => `${line}\n`).join('');
}

/** The last branch of the top is not the last when a line follows. */
const opened = (line: string): string =>
  line.startsWith('└') ? `├${line.slice(1)}` : line.replace(/^ {3}/, '│  ');

function insert(root: Node, change: FileChange): void {
  let at = root;
  for (const name of change.path.split('/')) {
    const next = at.children.get(name) ?? { name, children: new Map() };
    at.children.set(name, next);
    at = next;
  }
  at.change = change;
}

/** `usr/lib/x/` is one branch where nothing else hangs on it. */
function collapsed(node: Node): Node {
  const [only, ...others] = node.children.values();
  if (node.change || !only || others.length > 0 || only.children.size === 0 || only.change) return node;
  const inner = collapsed(only);
  return { ...inner, name: `${node.name}/${inner.name}` };
}

function draw(parent: Node, indent: string, size: (bytes: number) => string): string[] {
  const children = [...parent.children.values()].map(collapsed).sort((a, b) => total(b) - total(a));
  return children.flatMap((node, i) => {
    const last = i === children.length - 1;
    const mark = node.change ? MARK[node.change.change] : ' ';
    const name = `${visible(node.name).replaceAll('\n', '\\n')}${node.children.size > 0 ? '/' : ''}`;
    const line = `${indent}${last ? '└─' : '├─'} ${mark} ${size(total(node)).padStart(8)}  ${name}`;
    return [line, ...draw(node, `${indent}${last ? '   ' : '│  '}`, size)];
  });
}
