const number = (value) => (value === undefined ? '' : value >= 100 ? value.toFixed(0) : value.toFixed(1));

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |\n`;
  return line(head) + line(head.map((_cell, i) => (i === 0 ? '---' : '--:'))) + rows.map(line).join('');
}

/** One section as Markdown: figures, targets, what was left out and why. */
export function markdown(result) {
  const { title, about, unit, base, summaries, targets, skipped } = result;
  const reference = summaries[base]?.median;
  const rows = Object.entries(summaries).map(([name, { median, min, p95, runs, cpu }]) => [
    name,
    number(median),
    number(min),
    number(p95),
    number(cpu),
    String(runs),
    reference ? `${(median / reference).toFixed(2)} ×` : '',
  ]);
  const parts = [`### ${title}\n\n${about}\n\n`];
  parts.push(table([unit, 'median', 'min', 'p95', 'CPU', 'runs', `of ${base}`], rows));
  if (targets.length > 0) parts.push('\n', targets.map(targetLine(unit)).join(''));
  for (const { name, why } of skipped) parts.push(`\nNot measured: ${name}: ${why}.\n`);
  return parts.join('');
}

const targetLine =
  (unit) =>
  ({ what, value, limit, met }) => {
    if (met === undefined) return `- ${what}: not measured\n`;
    return `- ${what}: **${met ? 'met' : 'missed'}** (${number(value)} of at most ${number(limit)} ${unit})\n`;
  };

/** What the figures were taken on. */
export function footing({ cpus, model, kernel, node, date, realtime }) {
  const how = realtime ? ', with --realtime' : '';
  return `\n${cpus} × ${model}, Linux ${kernel}, Node.js ${node}, ${date}${how}.\n`;
}

const END = '<!-- end of figures: npm run bench -- --doc writes them -->';

/** A page with one section's figures put in the place of the old ones, or behind the others when there were none. */
export function replaceFigures(page, name, figures) {
  const begin = `<!-- figures: ${name} -->`;
  const block = `${begin}\n\n${figures}\n`;
  const end = page.indexOf(END);
  if (end < 0) throw new Error('docs/performance.md has lost the mark of its end of figures');
  const at = page.indexOf(begin);
  if (at < 0) return page.slice(0, end) + block + page.slice(end);
  const next = page.indexOf('<!-- ', at + begin.length);
  return page.slice(0, at) + block + page.slice(next);
}
