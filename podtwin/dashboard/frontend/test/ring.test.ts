import { expect, test } from "vitest";

import { Ring } from "../src/ring";

test("holds the newest and forgets the oldest", () => {
  const ring = new Ring(3);
  for (const t of [1, 2, 3, 4]) ring.push(t * 1000, t);
  expect([ring.length, ring.firstMs, ring.lastMs]).toEqual([3, 2000, 4000]);
});

test("takes the same instant again as a correction, and no older one", () => {
  const ring = new Ring(3);
  ring.push(1000, 1);
  ring.push(1000, 5);
  expect(ring.push(500, 9)).toBe(false);
  expect(ring.binned(1000, 0)).toEqual({ t: [1000], v: [5], sd: [null] });
});

test("means are over steps of the grid, named by their beginning", () => {
  const ring = new Ring();
  for (const [t, v] of [[1000, 1], [4000, 3], [5000, 10], [12000, 7]] as const) ring.push(t, v, 0.5);
  expect(ring.binned(5000, 0)).toEqual({ t: [0, 5000, 10000], v: [2, 10, 7], sd: [0.5, 0.5, 0.5] });
});

test("steps before the span are left out, and so is what was not measured from a mean", () => {
  const ring = new Ring();
  ring.push(1000, 1);
  ring.push(6000, null);
  ring.push(7000, 4);
  ring.push(11000, null);
  expect(ring.binned(5000, 5000)).toEqual({ t: [5000, 10000], v: [4, null], sd: [null, null] });
});

test("what it answers is right after it has gone round", () => {
  const ring = new Ring(4);
  for (let i = 0; i < 11; i++) ring.push(i * 1000, i);
  expect(ring.binned(1000, 0).v).toEqual([7, 8, 9, 10]);
});
