/** Small pieces: the guard of the language, slices of long lists, steps, limits, sparks, the API's description. */
import { expect, test } from "vitest";

import { addressOf, operations } from "../src/docs/describe";
import { extend, type Spark } from "../src/fleet/sparks";
import { guardLanguage, isLanguageTag } from "../src/locale";
import { stepS } from "../src/site/history";
import { leadingPoints } from "../src/site/lead";
import { airLimits, judgeInlet } from "../src/site/limits";
import { visibleSlice } from "../src/ui/virtual";

test.each(["C", "en-US@posix", ""])("a browser whose language is %j gets one that the chart library takes", (language) => {
  const navigator = { language };
  guardLanguage(navigator);
  expect(isLanguageTag(navigator.language)).toBe(true);
});

test("a language that is one is left alone", () => {
  const navigator = { language: "nl-NL" };
  guardLanguage(navigator);
  expect(navigator.language).toBe("nl-NL");
});

test("short lists are drawn whole, long ones near the window", () => {
  expect(visibleSlice(200, 44, -500, 900)).toEqual({ from: 0, to: 200 });
  const { from, to } = visibleSlice(5000, 44, -44 * 1000, 880);
  expect(from).toBeLessThanOrEqual(1000);
  expect(to).toBeGreaterThanOrEqual(1020);
  expect(to - from).toBeLessThan(60);
});

test("a list scrolled past its end has no rows outside it", () => {
  const { from, to } = visibleSlice(300, 44, -44 * 900, 880);
  expect(from).toBeLessThanOrEqual(to);
  expect(to).toBe(300);
});

test.each([
  [900, 5],
  [3600, 10],
  [21_600, 60],
  [86_400, 300],
  [604_800, 1800],
])("a span of %d s is asked for in steps of %d s", (span, step) => {
  expect(stepS(span * 1000)).toBe(step);
});

test("an inlet is judged by its class, and not at all without one", () => {
  const limits = airLimits({ ashrae_class: "A2", edition: 2021 });
  expect([22, 27.1, 17, 35.1, 9].map((inlet) => judgeInlet(inlet, limits))).toEqual(["normal", "warning", "warning", "critical", "critical"]);
  expect(judgeInlet(60, airLimits({}))).toBe("normal");
  expect(judgeInlet(null, limits)).toBe("normal");
});

test("an asset is led by what it is known for, or by what it has", () => {
  expect(leadingPoints("ups", ["input_power", "output_power", "battery_charge"])).toEqual(["output_power", "battery_charge"]);
  expect(leadingPoints("other", ["ratio", "cpu_temp"])).toEqual(["cpu_temp"]);
  expect(leadingPoints("door", ["open"])).toEqual(["open"]);
});

test("a spark holds a value a minute for an hour", () => {
  const spark: Spark = { label: "IT", t: [], v: [] };
  for (let s = 0; s < 7200; s += 20) extend(spark, s * 1000, s);
  expect(spark.t.length).toBe(61);
  expect(spark.v.at(-1)).toBe(7180);
});

const described = {
  paths: {
    "/api/v1/sites/{site}": { get: { summary: "One", parameters: [{ $ref: "#/components/parameters/site" }], responses: { 200: { description: "ok" } } } },
    "/api/v1/series": {
      get: { parameters: [{ name: "point", in: "query", required: true, schema: { type: "array", items: { type: "string" } } }, { name: "from", in: "query", schema: { anyOf: [{ type: "string" }, { type: "null" }] } }] },
    },
  },
  components: { parameters: { site: { name: "site", in: "path", required: true, schema: { type: "string" } } } },
};

test("the description of the API is read with its references, and a try has an address", () => {
  const [one, series] = operations(described);
  expect(one?.fields[0]).toMatchObject({ name: "site", where: "path", type: "string" });
  expect(one && addressOf(one, { site: "ams-03" })).toBe("/api/v1/sites/ams-03");
  expect(series?.fields.map((field) => field.type)).toEqual(["list of string", "string"]);
  expect(series && addressOf(series, { point: "a/b/c d/e/f" })).toBe("/api/v1/series?point=a%2Fb%2Fc&point=d%2Fe%2Ff");
});

test("a description that is none is no operation, and no error", () => {
  expect(operations(null)).toEqual([]);
});
