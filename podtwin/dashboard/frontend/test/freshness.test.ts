import { expect, test } from "vitest";

import { flagWords, isStale, quality } from "../src/freshness";

test("a value is stale past three periods, and never before 10 s", () => {
  expect(isStale(9, 1)).toBe(false);
  expect(isStale(10.1, 1)).toBe(true);
  expect(isStale(29, 10)).toBe(false);
  expect(isStale(31, 10)).toBe(true);
});

test("a value of unknown age is not called stale", () => {
  expect(isStale(null, 10)).toBe(false);
});

test.each([
  [0, "good"],
  [32, "good"],
  [1, "late"],
  [1 | 2, "out_of_range"],
  [4 | 8, "substituted"],
  [16 | 1, "suspect_clock"],
])("flags %d give the worst word, %s", (flags, word) => {
  expect(quality(flags, 1, 10)).toBe(word);
});

test("stale is worse than any flag", () => {
  expect(quality(2, 100, 1)).toBe("stale");
});

test("every flag that is set is named", () => {
  expect(flagWords(1 | 2 | 32)).toEqual(["late", "out_of_range", "recorded"]);
});
