import type { Look } from '../plan/explain.ts';
import { visible, wrap } from '../store/text.ts';
import type { GraphNode } from './network-graph.ts';

const COLOURS = { host: 'bold', network: 'cyan', container: 'green', port: 'yellow', rule: 'dim' } as const;

/** A line for each, folded where the terminal ends; in a pipe a line is a line. */
export function drawTree(root: GraphNode, { width = Number.POSITIVE_INFINITY, paint }: Look): string {
  const lines: string[] = [];
  const walk = (node: GraphNode, first: string, rest: string): void => {
    const notes = node.notes.filter(Boolean).map(visible);
    const bad = node.bad === undefined ? [] : [`✗ ${visible(node.bad)}`];
    const text = [visible(node.name), ...notes, ...bad].join('  ');
    const folded = wrap(text, Math.max(width - first.length, SHORTEST));
    const under = rest + (node.children.length > 0 ? '│ ' : '  ');
    for (const [index, line] of folded.entries())
      lines.push(index === 0 ? first + coloured(node, line, paint) : under + line);
    for (const [index, child] of node.children.entries()) {
      const isLast = index === node.children.length - 1;
      walk(child, `${rest}${isLast ? '└─' : '├─'} `, `${rest}${isLast ? '   ' : '│  '}`);
    }
  };
  walk(root, '', '');
  return `${lines.join('\n')}\n`;
}

/** The name, and what is wrong. */
function coloured(node: GraphNode, line: string, paint: Look['paint']): string {
  if (!paint) return line;
  const name = visible(node.name);
  const shown = line.startsWith(name) ? paint(COLOURS[node.kind], name) + line.slice(name.length) : line;
  const at = shown.indexOf('✗ ');
  return at < 0 ? shown : shown.slice(0, at) + paint('red', shown.slice(at));
}

const SHORTEST = 24;
