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
export function heading(machine) {
  return `${machine.cpus} × ${machine.model}, Linux ${machine.kernel}, Node.js ${machine.node}, ${machine.date}\n\n`;
}

const BEGIN = '<!-- figures: npm run bench -- --doc writes them -->';
const END = '<!-- end of figures -->';

/** A page with what stands between the two marks replaced. */
export function replaceFigures(page, figures) {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error('docs/performance.md has lost its marks');
  return `${page.slice(0, begin + BEGIN.length)}\n\n${figures}\n${page.slice(end)}`;
}
