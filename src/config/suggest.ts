/** "Did you mean": the known word that a typing slip most likely meant. */
const wordLengthMax = 64

/** The closest of `known` within two slips (one for words of up to four letters); null where nothing is close. */
export function findSuggestion(word: string, known: readonly string[]): string | null {
  if (word.length > wordLengthMax) return null
  let best: string | null = null
  let bestDistance = word.length <= 4 ? 1.5 : 2.5
  for (const candidate of known) {
    // Case counts for less than a letter: `clientID` is closer to `clientId` than to anything else.
    const distance =
      candidate.toLowerCase() === word.toLowerCase() ? 0.5 : editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance]
  }
  return best
}

/** Optimal string alignment: insertions, deletions, replacements and swaps of neighbours, each counted one. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swapped =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (beforeLast[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY
      row.push(Math.min((row[j - 1] ?? 0) + 1, (last[j] ?? 0) + 1, replaced, swapped))
    }
    beforeLast = last
    last = row
  }
  return last[b.length] ?? 0
}
