import { visible } from '../store/text.ts';
import type { GraphNode } from './network-graph.ts';

// The tree as a picture: the host above, each network a column under it, its containers in it. Text is as wide as its characters, so
// that nothing has to be measured; what is longer than its box is cut, and whole in its <title>.

const WIDTH = 292;
const GAP = 20;
const LINE = 18;
const PAD = 12;
const COLUMNS = 3;
/** Of 12px monospace. */
const SIGN = 7.3;

/** What XML would take for its own; control characters are spelt out before. */
export const escapeXml = (text: string): string =>
  visible(text).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

export const STYLE = `svg{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;background:var(--ground)}
svg,:root{--ground:#fff;--box:#f6f8fa;--inner:#fff;--line:#8c959f;--text:#1f2328;--soft:#59636e;--net:#0969da;--good:#1a7f37;--bad:#cf222e;--port:#9a6700}
@media (prefers-color-scheme:dark){svg,:root{--ground:#0d1117;--box:#151b23;--inner:#0d1117;--line:#656c76;--text:#f0f6fc;--soft:#9198a1;--net:#4493f8;--good:#3fb950;--bad:#f85149;--port:#d29922}}
text{fill:var(--text);white-space:pre}.soft{fill:var(--soft)}.bad{fill:var(--bad)}.head{font-weight:600}.port{fill:var(--port)}
.network{fill:var(--box);stroke:var(--net)}.container{fill:var(--inner);stroke:var(--good)}.host{fill:var(--box);stroke:var(--line)}
.isbad{stroke:var(--bad);stroke-dasharray:4 3}.wire{stroke:var(--line);fill:none}`;

interface Box {
  readonly svg: string;
  readonly height: number;
}

function line(text: string, x: number, y: number, width: number, kind = ''): string {
  const most = Math.max(Math.floor(width / SIGN), 4);
  const shown = visible(text);
  const cut = shown.length > most ? `${shown.slice(0, most - 1)}…` : shown;
  const title = cut === shown ? '' : `<title>${escapeXml(text)}</title>`;
  return `<text x="${x}" y="${y}"${kind && ` class="${kind}"`}>${escapeXml(cut)}${title}</text>`;
}

function box(node: GraphNode, x: number, y: number, width: number): Box {
  const inner = width - 2 * PAD;
  const parts: string[] = [];
  let at = y + PAD + 10;
  const put = (text: string, kind?: string) => {
    parts.push(line(text, x + PAD, at, inner, kind));
    at += LINE;
  };
  put(node.name, 'head');
  for (const note of node.notes.filter(Boolean)) put(note, 'soft');
  if (node.bad !== undefined) put(`✗ ${node.bad}`, 'bad');
  for (const child of node.children) {
    if (child.kind === 'container') {
      const drawn = box(child, x + PAD, at - 6, inner);
      parts.push(drawn.svg);
      at += drawn.height + 8;
    } else if (child.kind === 'port') {
      put(child.name, 'port');
      for (const note of child.notes.filter(Boolean)) put(`  ${note}`, 'bad');
    } else put([child.name, ...child.notes.filter(Boolean)].join('  '), 'soft');
  }
  const height = at - y - LINE + PAD + (node.children.at(-1)?.kind === 'container' ? 0 : 4);
  const shape = `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="6" class="${node.kind}${node.bad === undefined ? '' : ' isbad'}"/>`;
  return { svg: shape + parts.join(''), height };
}

/** A picture that needs nothing else; `style` false: the page around it has it. */
export function drawSvg(root: GraphNode, { style = true } = {}): string {
  const networks = root.children.filter(({ name, kind }) => kind === 'network' && name !== 'rules');
  const rules = root.children.find(({ name }) => name === 'rules');
  const columns = Math.min(Math.max(networks.length, 1), COLUMNS);
  const width = Math.max(columns, 2) * (WIDTH + GAP) + GAP;
  const host = box({ ...root, children: [] }, GAP, GAP, width - 2 * GAP);
  const bottoms = Array.from({ length: columns }, () => GAP + host.height + 2 * GAP);
  const drawn = networks.map((network) => {
    // the shortest column takes the next
    const column = bottoms.indexOf(Math.min(...bottoms));
    const [x, y] = [GAP + column * (WIDTH + GAP), bottoms[column] ?? 0];
    const { svg, height } = box(network, x, y, WIDTH);
    bottoms[column] = y + height + GAP;
    const isFirst = y === GAP + host.height + 2 * GAP;
    const wire =
      isFirst && network.notes.length > 0
        ? `<path class="wire" d="M${x + WIDTH / 2} ${GAP + host.height}V${y}"/>`
        : '';
    return wire + svg;
  });
  const below = Math.max(...bottoms);
  const last = rules && box({ ...rules, kind: 'host' }, GAP, below, width - 2 * GAP);
  const height = below + (last ? last.height + GAP : 0);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="networks of tinyrun">${style ? `<style>${STYLE}</style>` : ''}${host.svg}${drawn.join('')}${last?.svg ?? ''}</svg>\n`;
}

/** A page that needs nothing else, and may load nothing. */
export const drawPage = (root: GraphNode, tree: string, time: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>networks of tinyrun</title>
<style>${STYLE}
body{margin:0 auto;padding:16px;max-width:1000px;background:var(--ground);color:var(--text);font:15px system-ui,sans-serif;color-scheme:light dark}
h1{font-size:20px;margin:4px 0 2px}p{color:var(--soft);margin:0 0 12px}svg{max-width:100%;height:auto}
pre{overflow:auto;background:var(--box);padding:12px;border-radius:6px;font:12px/1.5 ui-monospace,Menlo,Consolas,monospace}summary{cursor:pointer;color:var(--soft)}
</style></head><body>
<h1>Networks</h1><p>${escapeXml(time)}</p>
${drawSvg(root, { style: false })}<details><summary>as text</summary><pre>${escapeXml(tree)}</pre></details>
</body></html>
`;
