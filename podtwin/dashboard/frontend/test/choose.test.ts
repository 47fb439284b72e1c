import { expect, test } from "vitest";

import { chooseCharts, MAX_LINES } from "../src/site/choose";
import { point } from "./points";

const racks = (count: number) => Array.from({ length: count }, (_, i) => point(`rack-${String(i + 1).padStart(2, "0")}`, "inlet_temp"));
const number = (name: string) => point("it-load", name, { quantity: "dimensionless", unit: "1" });
const names = (charts: { name: string }[]) => charts.map((chart) => chart.name);

test("an operator's questions come first, in one order whatever the order of the points", () => {
  const points = [
    point("crac-1", "compressor_power", { unit: "W" }),
    point("meter-main", "power", { unit: "W", class: "meter" }),
    point("rack-01", "it_power", { unit: "W" }),
    point("crac-1", "return_air_temp"),
    point("crac-1", "supply_air_temp"),
  ];
  expect(names(chooseCharts(points, [], []).charts)).toEqual(["supply-air", "return-air", "facility-power", "it-power", "cooling-power"]);
});

test("lines past the sixth wait behind a picker, and come when they are chosen", () => {
  const [chart] = chooseCharts(racks(8), [], []).charts;
  expect([chart?.lines.length, chart?.more.length]).toEqual([MAX_LINES, 2]);
  const [chosen] = chooseCharts(racks(8), [], ["rack-08/inlet_temp"]).charts;
  expect([chosen?.lines.at(-1)?.asset, chosen?.more.length]).toEqual(["rack-08", 1]);
});

test("a site that measures other things has a chart a quantity", () => {
  const points = [point("srv-1", "cpu_temp"), point("srv-1", "power", { quantity: "power", unit: "W" }), point("srv-2", "cpu_temp")];
  expect(chooseCharts(points, [], []).charts.map((chart) => [chart.name, chart.lines.length])).toEqual([["temperature", 2], ["power", 1]]);
});

test("numbers without a unit share a chart only when their names differ in digits alone", () => {
  const { charts } = chooseCharts(["n_running", "n_u0", "n_u1", "util_sum"].map(number), [], []);
  expect(charts.map((chart) => [chart.title, chart.lines.length])).toEqual([["N running", 1], ["n_u0 … n_u1", 2], ["Util sum", 1]]);
});

test("what is not drawn is folded, and unfolded by name or by one of its points", () => {
  const points = [...racks(1), point("rack-01", "outlet_temp"), point("crac-1", "return_air_temp"), point("crac-1", "supply_air_temp"), point("aisle-1", "air_humidity", { quantity: "relative_humidity", unit: "%" })];
  expect(names(chooseCharts(points, [], []).folded)).toEqual(["relative-humidity"]);
  expect(names(chooseCharts(points, ["relative-humidity"], []).folded)).toEqual([]);
  expect(names(chooseCharts(points, [], ["aisle-1/air_humidity"]).folded)).toEqual([]);
});

test("states and counters are drawn only when asked for", () => {
  const mode = point("ups-1", "mode", { kind: "state", unit: "1" });
  expect(chooseCharts([mode], [], []).charts).toEqual([]);
  expect(names(chooseCharts([mode], [], ["ups-1/mode"]).charts)).toEqual(["point-ups-1-mode"]);
});
