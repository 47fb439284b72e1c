import { expect, test } from "vitest";

import { attentionOf, byTime, byWorst, expectedOf, fits, lastsS, marksOf, questionOf, sharesOf, siteNowMs } from "../src/alerts/order";
import { deliveryWords, entryWords } from "../src/alerts/words";
import type { Delivery, Site } from "../src/api";
import { pueOf } from "../src/site/kpis";
import { marksIn, shadesOf } from "../src/site/marks";
import { formatView, parseView } from "../src/url";
import { alert } from "./alerts";

const ids = (list: { id: string }[]): string[] => list.map((each) => each.id);
const NINE = Date.parse("2026-11-24T09:00:00Z");

const MANY = [
  alert("old", { started_at: "2026-11-24T08:00:00Z" }),
  alert("taken", { severity: "critical", handling: "acknowledged" }),
  alert("worst", { severity: "critical" }),
  alert("over", { severity: "critical", state: "resolved", started_at: "2026-11-24T09:30:00Z" }),
  alert("young", { started_at: "2026-11-24T09:20:00Z" }),
];

test("the worst is open, critical, taken by nobody, and begun last", () => {
  expect(ids([...MANY].sort(byWorst))).toEqual(["worst", "taken", "young", "old", "over"]);
});

test("the list is that of the API: open ones first, the newest first", () => {
  expect(ids([...MANY].sort(byTime))).toEqual(["young", "worst", "taken", "old", "over"]);
});

test("what needs attention is sites with critical alerts, silent ones, and those with warnings, each once", () => {
  const warned = [alert("w1", { site: "lis-02" }), alert("w2", { site: "lis-02", worst: 9 }), alert("w3", { site: "osl-01" })];
  const sites = [{ id: "osl-01", state: "no_data" }, { id: "lis-02", state: "warning" }] as Site[];
  const found = attentionOf([...warned, ...MANY], sites).map(({ site, worst, others }) => [site, worst?.id ?? null, others]);
  expect(found).toEqual([["ams-03", "worst", 3], ["osl-01", null, 1], ["lis-02", "w2", 1]]);
});

test("a shade is drawn once where several alerts of a chart's points hold, as the worst", () => {
  const span = { fromMs: NINE, toMs: NINE + 900_000, moving: true };
  const two = [alert("a", { ended_at: "2026-11-24T09:10:00Z" }), alert("b", { severity: "critical", started_at: "2026-11-24T09:05:00Z" })];
  const shades = shadesOf(marksOf(two, ["crac-1/supply_air_temp"]), span).map(({ severity, fromMs, toMs }) => [severity, (fromMs - NINE) / 1000, (toMs - NINE) / 1000]);
  expect(shades).toEqual([["warning", 10, 300], ["critical", 300, 600], ["critical", 600, 900]]);
  expect(shadesOf(marksOf(two, ["x/y"]), span)).toEqual([]);
});

test.each([
  [{}, 5],
  [{ state: "open" }, 4],
  [{ state: "resolved" }, 1],
  [{ severity: "critical", state: "open" }, 2],
  [{ handling: "acknowledged" }, 1],
  [{ site: "cph-01" }, 0],
])("the filter %j leaves %d", (filters, left) => {
  expect(MANY.filter((each) => fits(each, filters)).length).toBe(left);
});

test("the API is asked by what it knows, and open ones come first there anyway", () => {
  expect(questionOf({ state: "open", site: "ams-03" }, 50)).toBe("/api/v1/alerts?limit=50&site=ams-03");
  expect(questionOf({ state: "resolved" }, 50)).toBe("/api/v1/alerts?limit=50&state=resolved");
});

test("an alert lasts from when it was seen until it was over, by the site's own time", () => {
  expect(lastsS(alert("a"), NINE + 90_000)).toBe(90);
  expect(lastsS(alert("a", { ended_at: "2026-11-24T09:01:00Z" }), NINE + 90_000)).toBe(60);
  expect(siteNowMs({ clock: "recorded", site_time_at: "2026-11-24T09:00:00Z" } as Site, 5)).toBe(NINE);
  expect(siteNowMs({ clock: "live", site_time_at: "2026-11-24T09:00:00Z" } as Site, 5)).toBe(5);
});

test("what was expected stands with its band, on the scale of the point", () => {
  expect(expectedOf(alert("a"))).toEqual({ text: "22.0 ± 0.4", unit: "°C" });
  const power = { ...alert("a").evidence, unit: "W", expected: 33_100, band: 350 };
  expect(expectedOf(alert("a", { evidence: power }))).toEqual({ text: "33.1 ± 0.35", unit: "kW" });
  expect(expectedOf(alert("a", { evidence: { ...power, expected: null } })).text).toBe("—");
});

test("shares come largest first, with bars by the largest", () => {
  expect(sharesOf(alert("a"))).toEqual([
    { key: "crac-1/supply_air_temp", share: 0.8, length: 1 },
    { key: "crac-1/fan_power", share: 0.2, length: 0.25 },
  ]);
});

test("the link of an alert is the view of its point and its time", () => {
  const url = new URL(`${alert("a").evidence.link}&alert=a`, "http://localhost");
  const view = parseView(url.pathname, url.search);
  expect(view).toMatchObject({ page: "site", site: "ams-03", points: ["crac-1/supply_air_temp"], alert: "a" });
  expect([view.from, view.to]).toEqual([NINE - 1_800_000, NINE + 720_000]);
});

test.each(["/alerts", "/alerts?site=ams-03&state=open&severity=critical&alert=a1", "/sites/ams-03?alert=a1"])("the address %s says its view and the view its address", (address) => {
  const url = new URL(address, "http://localhost");
  expect(formatView(parseView(url.pathname, url.search))).toBe(address);
});

test("a chart marks what began or ended within it, and goes on where nothing ended", () => {
  const ended = alert("b", { ended_at: "2026-11-24T09:05:00Z", point: "rack-01/inlet_temp" });
  const marks = marksOf([alert("a"), ended], ["crac-1/supply_air_temp"]);
  expect(marks.map(({ id, own, toMs }) => [id, own, toMs])).toEqual([["a", true, null], ["b", false, NINE + 300_000]]);
  const seen = (fromMs: number, toMs: number): string[] => ids(marksIn(marks, { fromMs: NINE + fromMs, toMs: NINE + toMs, moving: false }));
  expect(seen(-1000, 1000)).toEqual([]);
  expect(seen(0, 20_000)).toEqual(["a", "b"]);
  expect(seen(400_000, 500_000)).toEqual(["a"]);
});

test("a delivery says how often it was tried, what was answered and when it is tried again", () => {
  const tried = { started_at: "2026-11-24T09:00:00Z", took_ms: 12.4, status: 503, reason: "http_503", answer: "" };
  const delivery = { state: "retrying", tries: [tried, tried], due_at: "2026-11-24T09:00:40Z", reason: "http_503" } as Delivery;
  expect(deliveryWords(delivery, NINE)).toBe("retrying, 2 tries, 503 in 12 ms, at 09:00:00Z, next in 40 s");
  expect(deliveryWords({ ...delivery, state: "queued", tries: [], due_at: null }, NINE)).toBe("queued, not tried yet");
  const silent = { ...tried, status: null, reason: "timeout" };
  expect(deliveryWords({ ...delivery, state: "dead", tries: [silent], due_at: null, reason: "endpoint_removed" }, NINE)).toBe("dead, 1 try, timeout in 12 ms, at 09:00:00Z, endpoint removed");
});

test.each([
  [{ what: "firing", detail: "pending", by: "" }, "fires"],
  [{ what: "told", detail: "alert.no_data", by: "" }, "told: no data"],
  [{ what: "acknowledge", detail: "applied", by: "local" }, "acknowledged by local"],
  [{ what: "acknowledge", detail: "not_open", by: "local" }, "acknowledged by local: not open"],
])("the entry %j reads as a person says it", (entry, words) => {
  expect(entryWords({ at: "", ...entry })).toBe(words);
});

test("PUE stands with its category, period and coverage, or with why there is none", () => {
  const words = { points: [], words: "meters" };
  const pue = { value: 1.347, unknown: null, category: 3, variant: "interim", standard: "ISO/IEC 30134-2", boundary: { facility: words, it: words }, coverage: 0.984 };
  expect(pueOf(pue)).toMatchObject({ shown: { text: "1.35" }, note: "cat. 3, 1 h, cov. 98 %" });
  expect(pueOf({ ...pue, value: null, unknown: "no_it_energy" })).toMatchObject({ shown: { text: "—" }, note: "no IT energy, cat. 3, 1 h, cov. 98 %" });
  expect(pueOf(null).shown.text).toBe("—");
});
