/** The candidate that was probably meant; undefined when none is near. */
export function nearest(text: string, candidates: readonly string[]): string | undefined {
  const distances = candidates.map((candidate) => ({
    candidate,
    distance: candidate.startsWith(text) ? 0 : editDistance(text, candidate),
  }));
  const best = distances.toSorted((a, b) => a.distance - b.distance)[0];
  const tolerated = text.replace(/^-+/, '').length > 4 ? 2 : 1;
  return best !== undefined && best.distance <= tolerated ? best.candidate : undefined;
}

/** Levenshtein's distance, one row of the table at a time. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [place, character] of [...from].entries()) {
    const next = [place + 1];
    for (let column = 1; column <= to.length; column++) {
      const replaced = (row[column - 1] ?? 0) + (to[column - 1] === character ? 0 : 1);
      next.push(Math.min(replaced, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
