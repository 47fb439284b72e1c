import { expect, test } from "vitest";

import { aligned, axisRange, joined, residuals } from "../src/site/align";

test("series of different periods share an axis without breaking each other's lines", () => {
  const { t, columns } = aligned([
    { t: [0, 10, 20], v: [1, 2, 3], gapMs: 100 },
    { t: [0, 20], v: [7, 8], gapMs: 100 },
  ]);
  expect(t).toEqual([0, 10, 20]);
  expect(columns).toEqual([[1, 2, 3], [7, undefined, 8]]);
});

test("a hole in the data breaks the line once", () => {
  const { t, columns } = aligned([{ t: [0, 10, 500], v: [1, 2, 3], gapMs: 30 }]);
  expect(t).toEqual([0, 10, 11, 500]);
  expect(columns[0]).toEqual([1, 2, null, 3]);
});

test("a hole in what a fast replay's stream left out is no gap", () => {
  expect(aligned([{ t: [0, 100, 200], v: [1, 2, 3], gapMs: 30, gapsUntilMs: 150 }]).columns[0]).toEqual([1, null, 2, 3]);
});

test("the stream's own steps replace the backfill from their first on", () => {
  const old = { t: [0, 10, 20], v: [1, 2, 3] };
  expect(joined(old, { t: [20, 30], v: [9, 10] })).toEqual({ t: [0, 10, 20, 30], v: [1, 2, 9, 10] });
  expect(joined(old, { t: [], v: [] })).toEqual(old);
});

test("a residual is where both are, and a gap of the twin is a gap of the residual", () => {
  expect(residuals([5, 6, undefined, 8], [4, undefined, 2, null])).toEqual([1, undefined, undefined, null]);
});

test("the value axis holds the data, is never too narrow, and does not go below 0 for what cannot", () => {
  expect(axisRange(20, 21, 4)).toEqual([20.5 - 2.4, 20.5 + 2.4]);
  const [low, high] = axisRange(100, 900, 10);
  expect(low).toBeLessThan(100);
  expect(high).toBeGreaterThan(900);
  expect(axisRange(0, 1, 10)[0]).toBe(0);
  expect(axisRange(null, null, 4)).toEqual([0, 4]);
});
