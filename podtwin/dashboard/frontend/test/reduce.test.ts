import { expect, test } from "vitest";

import type { Site, StreamData } from "../src/api";
import { applyDelta, applySnapshot, asSnapshot, emptyState, forSite } from "../src/live/reduce";

const site = (id: string): Site => ({ id }) as Site;
const first: StreamData = {
  now_ms: 1,
  sites: { a: site("a"), b: site("b") },
  values: { "a/x/p": [1, 10, 0], "b/x/p": [1, 20, 0] },
};

test("a delta changes what it names and leaves the rest", () => {
  const state = emptyState();
  applySnapshot(state, first);
  applyDelta(state, { now_ms: 2, values: { "a/x/p": [2, 11, 1, 10.5, 0.2] } });
  expect(state.values.get("a/x/p")).toEqual({ tMs: 2, v: 11, flags: 1, twin: 10.5, band: 0.2 });
  expect(state.values.get("b/x/p")?.v).toBe(20);
  expect([state.sites.size, state.serverNowMs]).toEqual([2, 2]);
});

test("a snapshot forgets what it does not name", () => {
  const state = emptyState();
  applySnapshot(state, first);
  applySnapshot(state, { now_ms: 3, sites: { b: site("b") }, values: {} });
  expect([...state.sites.keys()]).toEqual(["b"]);
  expect(state.values.size).toBe(0);
});

test("a tab is sent all sites, and the values of its own alone", () => {
  expect(Object.keys(forSite(first, "a").values ?? {})).toEqual(["a/x/p"]);
  expect(Object.keys(forSite(first, null).values ?? {})).toEqual([]);
  expect(Object.keys(forSite(first, null).sites ?? {})).toEqual(["a", "b"]);
});

test("a tab that comes late gets what a tab that was there has", () => {
  const [there, late] = [emptyState(), emptyState()];
  applySnapshot(there, first);
  applyDelta(there, { now_ms: 2, values: { "a/x/p": [2, 11, 0, null, null] } });
  applySnapshot(late, asSnapshot(there, "a"));
  expect(late.values.get("a/x/p")).toEqual(there.values.get("a/x/p"));
  expect(late.sites).toEqual(there.sites);
});
