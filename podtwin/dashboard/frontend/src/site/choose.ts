/** Which charts a site gets: the questions of an operator first, then whatever else its points measure. */

import type { Point } from "../api";

/** More lines than this cannot be told apart, in grey least of all; the rest is behind "n more". */
export const MAX_LINES = 6;
/** What fits on a wall screen without scrolling. */
export const MAX_CHARTS = 8;

export interface Chart {
  name: string;
  title: string;
  unit: string;
  /** Points drawn, in the order of the site's list. */
  lines: Point[];
  /** Points that belong here but are not drawn unless asked for. */
  more: Point[];
}

export interface Choice {
  charts: Chart[];
  /** Charts that are folded away, to be named in the address when wanted. */
  folded: Chart[];
}

interface Rule {
  name: string;
  title: string;
  takes: (point: Point) => boolean;
}

const named = (...names: string[]) => (point: Point): boolean => names.includes(point.point);

const RULES: readonly Rule[] = [
  { name: "supply-air", title: "Supply air", takes: named("supply_air_temp", "supply_air_temp_setpoint") },
  { name: "return-air", title: "Return air", takes: named("return_air_temp") },
  { name: "rack-inlet", title: "Rack inlet air", takes: named("inlet_temp") },
  { name: "rack-outlet", title: "Rack outlet air", takes: named("outlet_temp") },
  { name: "facility-power", title: "Facility power", takes: (p) => p.class === "meter" && p.point === "power" },
  { name: "it-power", title: "IT power", takes: named("it_power") },
  { name: "cooling-power", title: "Cooling power", takes: named("compressor_power", "fan_power", "pump_power") },
];

export function chooseCharts(points: readonly Point[], openCharts: readonly string[], chosen: readonly string[]): Choice {
  const gauges = points.filter((point) => point.kind === "gauge");
  const ruled = RULES.map((rule) => chartOf(rule.name, rule.title, gauges.filter(rule.takes))).filter(isChart);
  const taken = new Set(ruled.flatMap((chart) => [...chart.lines, ...chart.more]).map((point) => point.id));
  const rest = byQuantity(gauges.filter((point) => !taken.has(point.id)));
  const shownByDefault = new Set([...ruled, ...(ruled.length < 4 ? rest : [])].slice(0, MAX_CHARTS).map((chart) => chart.name));
  const choice: Choice = { charts: [], folded: [] };
  for (const chart of [...ruled, ...rest].map((each) => withChosen(each, chosen))) {
    const wanted = openCharts.includes(chart.name) || chart.lines.some((line) => chosen.includes(shortId(line)));
    (shownByDefault.has(chart.name) || wanted ? choice.charts : choice.folded).push(chart);
  }
  choice.charts.push(...chosenCharts(points, chosen));
  return choice;
}

export function shortId(point: { asset: string; point: string }): string {
  return `${point.asset}/${point.point}`;
}

/** Counters and states have no chart of their own; one is made when the viewer asks for it. */
function chosenCharts(points: readonly Point[], chosen: readonly string[]): Chart[] {
  const asked = points.filter((point) => point.kind !== "gauge" && chosen.includes(shortId(point)));
  return asked.map((point) => ({ name: `point-${point.asset}-${point.point}`, title: words(point.point), unit: point.unit, lines: [point], more: [] }));
}

function byQuantity(points: Point[]): Chart[] {
  const groups = new Map<string, Point[]>();
  for (const point of points) {
    const key = groupOf(point);
    groups.set(key, [...(groups.get(key) ?? []), point]);
  }
  return [...groups].map(([key, group]) => chartOf(key.replace(/_/g, "-"), titleOf(key, group), group)).filter(isChart);
}

/**
 * Points of one quantity and unit share a chart. Numbers without a unit (counts, sums, ratios) have no common
 * scale, so that they share one only when their names differ in digits alone (`n_u0` to `n_u7`).
 */
function groupOf(point: Point): string {
  if (point.unit === "1" || point.unit === "") return point.point.replace(/\d+/g, "n");
  return point.quantity.replace(/_/g, "-");
}

function titleOf(key: string, group: readonly Point[]): string {
  const names = [...new Set(group.map((point) => point.point))];
  if (group[0] && groupOf(group[0]) === group[0].quantity.replace(/_/g, "-")) return words(key);
  return names.length > 1 ? `${names[0]} … ${names[names.length - 1]}` : words(names[0] ?? key);
}

function chartOf(name: string, title: string, points: Point[]): Chart | null {
  const first = points[0];
  if (!first) return null;
  const same = points.filter((point) => point.unit === first.unit);
  return { name, title, unit: first.unit, lines: same.slice(0, MAX_LINES), more: same.slice(MAX_LINES) };
}

function withChosen(chart: Chart, chosen: readonly string[]): Chart {
  const asked = chart.more.filter((point) => chosen.includes(shortId(point)));
  if (!asked.length) return chart;
  return { ...chart, lines: [...chart.lines, ...asked], more: chart.more.filter((point) => !asked.includes(point)) };
}

function isChart(chart: Chart | null): chart is Chart {
  return chart !== null;
}

export function words(name: string): string {
  const plain = name.replace(/[_-]/g, " ");
  return plain.charAt(0).toUpperCase() + plain.slice(1);
}
