/** How old is too old, and the one word that says what a value is worth. */

/** Bits as stored with each reading, best first: the last that is set gives the word. 32 (recorded) is no fault. */
const FLAG_WORDS: readonly (readonly [number, string])[] = [
  [8, "no_source_time"],
  [1, "late"],
  [4, "substituted"],
  [16, "suspect_clock"],
  [2, "out_of_range"],
];
const RECORDED = 32;

/** The rule by which the engine calls a node idle: three missed periods, and never below 10 s. */
export function staleAfterS(periodS: number | null | undefined): number {
  return Math.max(10, 3 * (periodS ?? UNKNOWN_PERIOD_S));
}
/** What a birth means by no period. */
const UNKNOWN_PERIOD_S = 10;

export function isStale(ageS: number | null, periodS: number | null | undefined): boolean {
  return ageS !== null && ageS > staleAfterS(periodS);
}

export function quality(flags: number, ageS: number | null, periodS: number | null | undefined): string {
  if (isStale(ageS, periodS)) return "stale";
  let word = "good";
  for (const [bit, name] of FLAG_WORDS) if (flags & bit) word = name;
  return word;
}

export function flagWords(flags: number): string[] {
  const words = FLAG_WORDS.filter(([bit]) => flags & bit).map(([, name]) => name);
  return flags & RECORDED ? [...words, "recorded"] : words;
}
