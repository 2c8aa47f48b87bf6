/**
 * Median, smallest and 95th percentile (nearest rank) of measurements: numbers, or {ms, cpu} whose CPU times are
 * averaged (they come in steps of 10 ms).
 */
export function summarize(values) {
  const cpus = values.map((value) => value.cpu).filter((cpu) => cpu !== undefined);
  const cpu = cpus.length > 0 ? cpus.reduce((sum, each) => sum + each, 0) / cpus.length : undefined;
  const sorted = values.map((value) => value.ms ?? value).sort((a, b) => a - b);
  const rank = (share) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  const middle = sorted.length / 2;
  const median = sorted.length % 2 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { runs: sorted.length, median, min: sorted[0], p95: rank(0.95), ...(cpu !== undefined && { cpu }) };
}

/**
 * Whether `contender` stays within factor × base + plus (a base of '' is zero, so that `plus` is an absolute bound).
 * `met` is undefined when one of the two was not measured.
 */
export function judge(target, summaries) {
  const { contender, base = '', factor = 1, plus = 0 } = target;
  const value = summaries[contender]?.median;
  const reference = base === '' ? 0 : summaries[base]?.median;
  if (value === undefined || reference === undefined) return { ...target, met: undefined };
  const limit = factor * reference + plus;
  return { ...target, value, limit, ratio: reference ? value / reference : undefined, met: value <= limit };
}
