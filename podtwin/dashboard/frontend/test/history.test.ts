import { expect, test } from "vitest";

import type { Series } from "../src/api";
import { twinIsBehind } from "../src/site/history";

const MINUTE_MS = 60_000;

function lines(...ends: [string, string, number][]): Map<string, Series> {
  const made = ends.map(([point, source, end]) => ({ point, source, t_ms: [0, end], v: [1, 2] }) as unknown as Series);
  return new Map(made.map((each) => [`${each.point} ${each.source}`, each]));
}

test("a twin that has said nothing yet is behind", () => {
  expect(twinIsBehind(lines(["a/b", "measured", 60 * MINUTE_MS]))).toBe(true);
});

test("a twin that still works off the past is behind", () => {
  expect(twinIsBehind(lines(["a/b", "measured", 60 * MINUTE_MS], ["a/b", "twin", 20 * MINUTE_MS]))).toBe(true);
});

test("a twin that is a step late is not, nor do points without one count", () => {
  const found = lines(["a/b", "measured", 60 * MINUTE_MS], ["a/b", "twin", 59 * MINUTE_MS], ["a/c", "measured", 60 * MINUTE_MS]);
  expect(twinIsBehind(found)).toBe(false);
});
