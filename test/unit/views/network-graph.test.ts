import { expect, test } from 'vitest';
import type { GraphNode } from '../../../src/views/network-graph.ts';
import { drawPage, drawSvg, escapeXml } from '../../../src/views/network-svg.ts';
import { drawTree } from '../../../src/views/network-tree.ts';

const HOSTILE = `<script>alert("x")</script>&'\u001b[31m]]>`;

const node = (kind: GraphNode['kind'], name: string, more: Partial<GraphNode> = {}): GraphNode => ({
  kind,
  name,
  notes: [],
  children: [],
  ...more,
});

const ROOT = node('host', 'host', {
  notes: ['wan0 192.0.2.10/24', 'routes'],
  children: [
    node('network', 'front', {
      notes: ['br-front', '172.18.0.0/16'],
      children: [
        node('container', 'web', { notes: ['eth0 172.18.0.2'], children: [node('port', '8080 -> 80/tcp')] }),
        node('container', HOSTILE, { bad: 'its link is gone' }),
      ],
    }),
    node('network', 'rules', {
      children: [node('rule', 'forward: straight to a container', { notes: ['3 packets'] })],
    }),
  ],
});

test('a tree: a line for each, folded where the terminal ends', () => {
  expect(drawTree(ROOT, {}).split('\n')).toEqual([
    'host  wan0 192.0.2.10/24  routes',
    '├─ front  br-front  172.18.0.0/16',
    '│  ├─ web  eth0 172.18.0.2',
    '│  │  └─ 8080 -> 80/tcp',
    `│  └─ <script>alert("x")</script>&'\\x1b[31m]]>  ✗ its link is gone`,
    '└─ rules',
    '   └─ forward: straight to a container  3 packets',
    '',
  ]);
  const narrow = drawTree(ROOT, { width: 40 }).split('\n');
  expect(Math.max(...narrow.map((line) => line.length))).toBeLessThanOrEqual(40);
  expect(narrow.length).toBeGreaterThan(drawTree(ROOT, {}).split('\n').length);
});

test('colours are for a terminal alone', () => {
  const paint = (how: string, text: string) => `<${how}>${text}</>`;
  const painted = drawTree(ROOT, { width: 200, paint: paint as never });
  expect(painted).toContain('<cyan>front</>');
  expect(painted).toContain('<red>✗ its link is gone</>');
  expect(drawTree(ROOT, {})).not.toContain('\u001b');
});

test('what is hostile stays text, in a picture and on a page', () => {
  expect(escapeXml(HOSTILE)).not.toMatch(/[<>"']/);
  for (const text of [drawSvg(ROOT), drawPage(ROOT, drawTree(ROOT, {}), 'now')]) {
    expect(text).not.toContain('<script');
    expect(text).not.toContain('\u001b');
    expect(text).not.toMatch(/(?:src|href)=|url\(|@import/);
    expect(text).toContain('8080 -&#62; 80/tcp');
    expect(text).toContain('class="container isbad"');
  }
  expect(drawPage(ROOT, '', 'now')).toContain(`default-src 'none'`);
});

test('boxes are tall enough for what is in them, and the picture for its boxes', () => {
  const svg = drawSvg(ROOT);
  const [, height = 0] = /viewBox="0 0 \d+ (\d+)"/.exec(svg)?.map(Number) ?? [];
  const rects = [...svg.matchAll(/<rect x="(\d+)" y="(\d+)" width="\d+" height="(\d+)"/g)];
  for (const [, , y, tall] of rects) expect(Number(y) + Number(tall)).toBeLessThan(height);
  for (const [, y] of svg.matchAll(/<text x="\d+" y="(\d+)"/g)) expect(Number(y)).toBeLessThan(height);
  expect(rects).toHaveLength(5);
});
