/** The candidates a person may have meant: at most three, nearest first, within a third of the word's length. */
export function suggest(word: string, candidates: Iterable<string>): string[] {
  const bare = word.replace(/^-+/, '');
  const limit = Math.max(1, Math.floor(bare.length / 3));
  return [...new Set(candidates)]
    .map((candidate) => ({ candidate, name: candidate.replace(/^-+/, '') }))
    .filter(({ name }) => Math.abs(name.length - bare.length) <= limit)
    .map(({ candidate, name }) => ({ candidate, distance: distance(bare, name) }))
    .filter((scored) => scored.distance <= limit)
    .sort((a, b) => a.distance - b.distance || a.candidate.localeCompare(b.candidate))
    .slice(0, 3)
    .map((scored) => scored.candidate);
}

/** Optimal string alignment: insertions, deletions, replacements and swaps of neighbours count one each. */
export function distance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number) => rows[i]?.[j] ?? 0;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, at(i - 2, j - 2) + 1);
      row.push(best);
    }
  }
  return at(a.length, b.length);
}
