import { closest, distance } from "fastest-levenshtein";

/** The candidate that `word` is most likely a misspelling of; undefined when none is near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  if (candidates.length === 0) return undefined;
  const found = closest(word.toLowerCase(), candidates as string[]);
  return distance(word.toLowerCase(), found.toLowerCase()) <= Math.max(2, Math.ceil(0.4 * word.length))
    ? found
    : undefined;
}

/** What to tell someone who wrote `word` where only `candidates` exist. */
export function suggest(word: string, candidates: readonly string[]): string {
  const found = nearest(word, candidates);
  if (found !== undefined) return `did you mean "${found}"?`;
  return candidates.length === 0 ? "remove it" : `known here: ${candidates.join(", ")}`;
}
