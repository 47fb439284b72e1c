/** One chart on a canvas: measured solid, twin dashed in its band, the residual in a strip below. */

import { useEffect, useRef } from "preact/hooks";
import type uPlot from "uplot";

import type { Mark } from "../alerts/order";
import { grouped, scaleOf } from "../format";
import { guardLanguage } from "../locale";
import { change, theme, view } from "../view";
import { axisRange } from "./align";
import type { Chart } from "./choose";
import type { Span } from "./history";
import { drawMarks } from "./marks";
import { register } from "./testhook";
import type { Drawing, Line } from "./tracks";

/** Lines differ in lightness first, so that they are told apart in grey; red and amber are kept for alarms. */
export const LINES = {
  light: ["#12395c", "#4f9fd0", "#7659ad", "#2f8a78", "#9aa0a6", "#b07aa8", "#4b5a68", "#86b3cc"],
  dark: ["#cfe4f7", "#6cb3e0", "#a793dd", "#6cc4b8", "#8d969e", "#d0a3cc", "#b9c4ce", "#4d89b0"],
} as const;

/** Heights of a chart: with its strip of residuals, it is as high as one without. */
const HEIGHTS = {
  page: { whole: 226, strip: 62 },
  kiosk: { whole: 150, strip: 46 },
} as const;
const AXIS_WIDTH = 52;
/** A span of values below which a chart would make noise look like an event. */
const LEAST_SPAN: Readonly<Record<string, number>> = { Cel: 4, W: 1000, "%": 10, Pa: 5, V: 10, Hz: 0.2 };

type Plot = typeof uPlot;
let loading: Promise<Plot> | null = null;

/** uPlot asks for the browser's language while it is imported: behind the guard, and only where a chart is. */
function loadPlot(): Promise<Plot> {
  guardLanguage();
  loading ??= import("uplot").then((module) => module.default);
  return loading;
}

interface Props {
  chart: Chart;
  drawing: Drawing;
  marks: readonly Mark[];
  span: Span;
  timeZone: string;
}

interface Made {
  shape: string;
  main: uPlot;
  strip: uPlot | null;
}

export function ChartCanvas({ chart, drawing, marks, span, timeZone }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const made = useRef<Made | null>(null);
  const latest = useRef({ drawing, marks, span });
  latest.current = { drawing, marks, span };
  const tone = theme.value;
  const heights = HEIGHTS[view.value.kiosk ? "kiosk" : "page"];
  const strip = drawing.residuals.length > 0;
  const mainHeight = strip ? heights.whole - heights.strip : heights.whole;
  const shape = [tone, timeZone, mainHeight, ...drawing.lines.map((line) => `${line.key}:${line.twin}`)].join();

  useEffect(() => {
    let gone = false;
    void loadPlot().then((Plot) => {
      const host = box.current;
      if (gone || !host) return;
      host.replaceChildren();
      const { drawing: now } = latest.current;
      const main = new Plot(mainOptions(Plot, chart, now.lines, latest, timeZone, host.clientWidth, mainHeight, tone), mainData(now), host);
      const residual = strip ? new Plot(stripOptions(chart, now, latest, timeZone, host.clientWidth, heights.strip, tone), stripData(now), host) : null;
      made.current = { shape, main, strip: residual };
    });
    return () => {
      gone = true;
      made.current?.main.destroy();
      made.current?.strip?.destroy();
      made.current = null;
    };
  }, [shape, chart.name]);

  useEffect(() => {
    const host = box.current;
    if (!host) return;
    const watch = new ResizeObserver(() => {
      const { main, strip: residual } = made.current ?? {};
      main?.setSize({ width: host.clientWidth, height: main.height });
      residual?.setSize({ width: host.clientWidth, height: residual.height });
    });
    watch.observe(host);
    return () => watch.disconnect();
  }, []);

  useEffect(() => {
    if (made.current?.shape === shape) {
      made.current.main.setData(mainData(drawing));
      made.current.strip?.setData(stripData(drawing));
    }
    register(chart.name, drawing, marks);
  });

  return <div class="plot" ref={box} />;
}

/** Column order of uPlot: per line measured, then twin, low and high where there is a twin. */
function mainData({ t, columns, lines }: Drawing): uPlot.AlignedData {
  const own = lines.flatMap((line) => [line.measured, ...(line.twin < 0 ? [] : [line.twin, line.low, line.high])]);
  return [t, ...own.map((i) => columns[i] ?? [])] as uPlot.AlignedData;
}

function stripData({ t, residuals }: Drawing): uPlot.AlignedData {
  return [t, ...residuals.map((each) => each.column)] as uPlot.AlignedData;
}

type Latest = { current: { drawing: Drawing; marks: readonly Mark[]; span: Span } };

function mainOptions(Plot: Plot, chart: Chart, lines: Line[], latest: Latest, timeZone: string, width: number, height: number, tone: "light" | "dark"): uPlot.Options {
  const series: uPlot.Series[] = [{}];
  const bands: uPlot.Band[] = [];
  const stepped = chart.lines.some((point) => point.kind === "state") ? Plot.paths.stepped?.({ align: 1 }) : undefined;
  lines.forEach((line, i) => {
    const stroke = lineColour(i, tone);
    series.push({ label: line.label, stroke, width: 1.6, points: { show: false }, ...(stepped ? { paths: stepped } : {}) });
    if (line.twin < 0) return;
    series.push({ label: `${line.label} twin`, stroke, width: 1.4, dash: [5, 4], points: { show: false } });
    for (const edge of ["low", "high"]) series.push({ label: `${line.label} ${edge}`, stroke: "transparent", width: 0, points: { show: false } });
    const high = series.length - 1;
    bands.push({ series: [high, high - 1], fill: `${stroke}2b` });
  });
  return { ...common(chart, latest, timeZone, width, height, tone, LEAST_SPAN[chart.unit] ?? 0), series, bands };
}

function stripOptions(chart: Chart, drawing: Drawing, latest: Latest, timeZone: string, width: number, height: number, tone: "light" | "dark"): uPlot.Options {
  const order = drawing.lines.filter((line) => line.twin >= 0).map((line) => drawing.lines.indexOf(line));
  const series: uPlot.Series[] = [{}, ...drawing.residuals.map((each, i) => ({ label: each.label, stroke: lineColour(order[i] ?? i, tone), width: 1.4, points: { show: false } }))];
  const base = common(chart, latest, timeZone, width, height, tone, 0, true);
  const [x, y] = base.axes ?? [];
  const least = (LEAST_SPAN[chart.unit] ?? 1) / 4;
  return {
    ...base,
    series,
    axes: [{ ...x, show: false }, { ...y, space: 18, values: (_u, splits) => splits.map((v) => signed(v, chart.unit)) }],
    scales: { ...base.scales, y: { range: (_u, min, max) => symmetric(min, max, least) } },
  };
}

function common(chart: Chart, latest: Latest, timeZone: string, width: number, height: number, tone: "light" | "dark", leastSpan: number, isStrip = false): uPlot.Options {
  const [ink, grid] = tone === "dark" ? ["#a3adb6", "#2b333b"] : ["#4f5a64", "#dde1e4"];
  const axis: uPlot.Axis = { stroke: ink, font: FONT, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1, size: 4 } };
  const scale = scaleOf(chart.unit);
  return {
    width,
    height,
    padding: [8, 18, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: "site", setSeries: false }, drag: { x: true, y: false, setScale: false }, points: { size: 5 } },
    select: { show: true, left: 0, top: 0, width: 0, height: 0 },
    axes: [
      { ...axis, size: 26, space: 64, values: (_u, splits, _i, _space, step) => timeLabels(splits, step, timeZone) },
      { ...axis, size: AXIS_WIDTH, space: 34, values: (_u, splits) => valueLabels(splits, scale.factor) },
    ],
    scales: {
      x: { time: true, range: () => [latest.current.span.fromMs / 1000, latest.current.span.toMs / 1000] },
      y: { range: (_u, min, max) => axisRange(min, max, leastSpan || Math.abs(max) * 0.05 || 1) },
    },
    hooks: { setSelect: [zoom], setCursor: [followCursor], drawAxes: [(u) => drawMarks(u, latest.current, tone, !isStrip)] },
    series: [],
  };
}

const FONT = '12px system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif';

/** A drag sets the zoom in the address; all charts and whoever gets the address follow it. */
function zoom(u: uPlot): void {
  if (u.select.width < 8) return;
  const [from, to] = [u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x")];
  u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  change({ from: Math.round(from * 1000), to: Math.round(to * 1000) });
}

/** The instant under the cursor, in Unix seconds, as any chart last reported it; null outside the charts. */
function followCursor(u: uPlot): void {
  const index = u.cursor.idx;
  u.root.dispatchEvent(new CustomEvent("cursor-at", { bubbles: true, detail: u.cursor.left !== undefined && u.cursor.left >= 0 && typeof index === "number" ? index : null }));
}

export function lineColour(index: number, tone: "light" | "dark"): string {
  return LINES[tone][index % LINES[tone].length] ?? LINES[tone][0];
}

function valueLabels(splits: number[], factor: number): string[] {
  const gap = Math.abs((splits[1] ?? 1) - (splits[0] ?? 0)) * factor;
  const digits = [0, 1, 2, 3].find((d) => Math.abs(gap * 10 ** d - Math.round(gap * 10 ** d)) < 1e-6) ?? 4;
  return splits.map((v) => grouped(v * factor, digits));
}

function signed(value: number, unit: string): string {
  const scaled = value * scaleOf(unit).factor;
  return value === 0 ? "0" : `${value > 0 ? "+" : ""}${grouped(scaled, Math.abs(scaled) < 1 ? 2 : 1)}`;
}

function symmetric(min: number | null, max: number | null, least: number): [number, number] {
  const reach = Math.max(Math.abs(min ?? 0), Math.abs(max ?? 0), least) * 1.5;
  return [-reach, reach];
}

/** 24-hour labels in the site's zone; the date where a label begins a day or steps are days. */
export function timeLabels(splits: number[], stepS: number, timeZone: string): string[] {
  const time = new Intl.DateTimeFormat("en-GB", { timeZone, hour: "2-digit", minute: "2-digit", ...(stepS < 60 ? { second: "2-digit" } : {}) });
  const day = new Intl.DateTimeFormat("en-GB", { timeZone, day: "numeric", month: "short" });
  let before = "";
  return splits.map((at) => {
    const [date, clock] = [day.format(at * 1000), time.format(at * 1000)];
    const turned = before !== "" && date !== before;
    before = date;
    return stepS >= 86400 || turned ? date : clock;
  });
}
