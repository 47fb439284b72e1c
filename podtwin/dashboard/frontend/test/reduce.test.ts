import { expect, test } from "vitest";

import type { Site, StreamData } from "../src/api";
import { alert } from "./alerts";
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
  applyDelta(state, { now_ms: 2, values: { "a/x/p": [2, 11, 1, 10.5, 0.2, 5000, 0.4, 5000] } });
  expect(state.values.get("a/x/p")).toEqual({ tMs: 2, v: 11, flags: 1, twin: 10.5, band: 0.2, twinMs: 5000, residual: 0.4, residualMs: 5000 });
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

test("an alert stays while it is open, and once more when it is resolved", () => {
  const state = emptyState();
  applySnapshot(state, { now_ms: 1, alerts: { x: alert("x"), y: alert("y") } });
  applyDelta(state, { now_ms: 2, alerts: { x: alert("x", { state: "resolved" }) } });
  expect([...state.alerts.values()].map((each) => [each.id, each.state])).toEqual([["y", "firing"], ["x", "resolved"]]);
  applySnapshot(state, { now_ms: 3, alerts: { y: alert("y") } });
  expect([...state.alerts.keys()]).toEqual(["y"]);
});

test("resolved alerts are forgotten past a bound, open ones never", () => {
  const state = emptyState();
  const many = (n: number, of: "firing" | "resolved") => Object.fromEntries(Array.from({ length: n }, (_, i) => [`${of}${i}`, alert(`${of}${i}`, { state: of })]));
  applyDelta(state, { now_ms: 1, alerts: { ...many(300, "firing"), ...many(300, "resolved") } });
  expect(state.alerts.size).toBe(500);
  expect(state.alerts.has("resolved299")).toBe(true);
});

test("a tab is told of the alerts of all sites", () => {
  const told = { now_ms: 1, alerts: { x: alert("x", { site: "b" }) } };
  expect(Object.keys(forSite(told, "a").alerts ?? {})).toEqual(["x"]);
});
