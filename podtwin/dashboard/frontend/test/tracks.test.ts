import { expect, test } from "vitest";

import type { Series } from "../src/api";
import { Ring } from "../src/ring";
import { chooseCharts } from "../src/site/choose";
import { drawingOf } from "../src/site/tracks";
import { point } from "./points";

const [chart] = chooseCharts([point("crac-1", "return_air_temp")], [], []).charts;
const series = (source: string, t_ms: number[], v: number[], sd: number[] | null = null): [string, Series] => {
  const id = "ams-03/crac-1/return_air_temp";
  return [`${id} ${source}`, { point: id, source, unit: "Cel", t_ms, v, flags: null, sd }];
};
const none = { measured: new Map<string, Ring>(), twins: new Map<string, Ring>() };
const span = { fromMs: 0, toMs: 60_000, moving: true };

function drawn(entries: [string, Series][], rings = none) {
  if (!chart) throw new Error("no chart");
  return drawingOf(chart, new Map(entries), rings, span, 10_000);
}

test("without a twin there is one column and no residual", () => {
  const drawing = drawn([series("measured", [0, 10_000], [30, 31])]);
  expect([drawing.columns.length, drawing.residuals.length]).toEqual([1, 0]);
  expect(drawing.t).toEqual([0, 10]);
});

test("a twin brings its line, its band of two standard deviations, and the residual", () => {
  const drawing = drawn([series("measured", [0, 10_000], [30, 31]), series("twin", [0, 10_000], [29, 30], [0.5, 0.5])]);
  const [line] = drawing.lines;
  expect(drawing.columns[line?.low ?? 0]).toEqual([28, 29]);
  expect(drawing.columns[line?.high ?? 0]).toEqual([30, 31]);
  expect(drawing.residuals[0]?.column).toEqual([1, 1]);
});

test("the stream moves the line on, and its half-seen first step leaves the backfill be", () => {
  const ring = new Ring();
  for (const [t, v] of [[12_000, 99], [21_000, 33], [25_000, 35]] as const) ring.push(t, v);
  const rings = { measured: new Map([["crac-1/return_air_temp", ring]]), twins: new Map<string, Ring>() };
  const drawing = drawn([series("measured", [0, 10_000], [30, 31])], rings);
  expect(drawing.t).toEqual([0, 10, 20]);
  expect(drawing.columns[0]).toEqual([30, 31, 34]);
});

test("what a twin left in the stream while it worked off the past does not hide the backfill", () => {
  const ring = new Ring();
  for (const [t, v] of [[1_000, 29], [41_000, 30], [51_000, 31]] as const) ring.push(t, v, 0.5);
  const rings = { measured: new Map<string, Ring>(), twins: new Map([["crac-1/return_air_temp", ring]]) };
  const t = [0, 10_000, 20_000, 30_000, 40_000];
  const v = [1, 2, 3, 4, 5];
  const drawing = drawn([series("measured", t, v), series("twin", t, v, v)], rings);
  const [line] = drawing.lines;
  expect(drawing.columns[line?.twin ?? 0]?.slice(0, 4)).toEqual([1, 2, 3, 4]);
  expect(drawing.t).toEqual([0, 10, 20, 30, 40, 50]);
});
