/** The columns of one chart, out of backfill and rings: measured, twin and its band, residual. */

import type { Series } from "../api";
import type { Bins, Ring } from "../ring";
import { aligned, joined, residuals, type Column, type Track } from "./align";
import { shortId, type Chart } from "./choose";
import type { Span } from "./history";

export interface Line {
  key: string;
  label: string;
  /** Where its columns lie in `columns`; -1 where the point has no twin. */
  measured: number;
  twin: number;
  low: number;
  high: number;
}

export interface Drawing {
  /** Unix seconds, as uPlot wants them. */
  t: number[];
  columns: Column[];
  lines: Line[];
  /** One column a line that has a twin. */
  residuals: { label: string; column: Column }[];
}

/** The asset whose points are the twin's own slow states. */
export const TWIN_ASSET = "twin";

/** Standard deviations to each side of the twin that the band spans. */
export const BAND_SD = 2;

export function drawingOf(
  chart: Chart,
  series: ReadonlyMap<string, Series>,
  rings: { measured: ReadonlyMap<string, Ring>; twins: ReadonlyMap<string, Ring> },
  span: Span,
  stepMs: number,
  recorded = false,
): Drawing {
  const holes = (bins: Bins): { gapsUntilMs?: number } => (recorded && bins.t[0] !== undefined ? { gapsUntilMs: bins.t[0] } : {});
  const tracks: Track[] = [];
  const lines: Line[] = [];
  for (const point of chart.lines) {
    const key = shortId(point);
    const gapMs = Math.max(3 * stepMs, 3.5 * (point.period_s ?? 60) * 1000, 30_000);
    // A state of the twin itself is its own only source: its line is solid.
    const itself = point.asset === TWIN_ASSET;
    const old = series.get(`${point.id} ${itself ? "twin" : "measured"}`);
    const twin = itself ? undefined : series.get(`${point.id} twin`);
    const own = fresh(span.moving ? rings.measured.get(key) : undefined, old, span.fromMs, stepMs);
    const expectedNow = fresh(span.moving && !itself ? rings.twins.get(key) : undefined, twin, span.fromMs, stepMs);
    const line: Line = { key, label: labelOf(point, chart), measured: -1, twin: -1, low: -1, high: -1 };
    line.measured = tracks.push({ ...joined({ t: old?.t_ms ?? [], v: old?.v ?? [] }, own), gapMs, ...holes(own) }) - 1;
    const expected = joined({ t: twin?.t_ms ?? [], v: twin?.v ?? [] }, expectedNow);
    if (expected.t.length) {
      const sd = joined({ t: twin?.t_ms ?? [], v: twin?.sd ?? (twin?.t_ms ?? []).map(() => null) }, { t: expectedNow.t, v: expectedNow.sd });
      const byTime = new Map(sd.t.map((t, i) => [t, sd.v[i] ?? null]));
      const edge = (side: number): (number | null)[] => expected.v.map((v, i) => offset(v, byTime.get(expected.t[i] ?? 0) ?? null, side));
      line.twin = tracks.push({ ...expected, gapMs, ...holes(expectedNow) }) - 1;
      line.low = tracks.push({ t: expected.t, v: edge(-BAND_SD), gapMs, ...holes(expectedNow) }) - 1;
      line.high = tracks.push({ t: expected.t, v: edge(BAND_SD), gapMs, ...holes(expectedNow) }) - 1;
    }
    lines.push(line);
  }
  const { t, columns } = aligned(tracks);
  const withTwin = lines.filter((line) => line.twin >= 0);
  return {
    t: t.map((ms) => ms / 1000),
    columns,
    lines,
    residuals: withTwin.map((line) => ({ label: line.label, column: residuals(columns[line.measured] ?? [], columns[line.twin] ?? []) })),
  };
}

/**
 * What the ring knows beyond the backfill. Its first step may have begun before the page did, and a twin that
 * worked off the past left only some of its steps there: up to its own end the backfill knows better.
 */
function fresh(ring: Ring | undefined, old: Series | undefined, fromMs: number, stepMs: number): Bins {
  const bins = ring?.binned(stepMs, fromMs) ?? { t: [], v: [], sd: [] };
  const last = old?.t_ms.at(-1);
  if (last === undefined) return bins;
  const begun = bins.t.findIndex((t) => t >= last);
  const skip = begun < 0 ? bins.t.length : begun === 0 && bins.t[0] === last ? 1 : begun;
  return { t: bins.t.slice(skip), v: bins.v.slice(skip), sd: bins.sd.slice(skip) };
}

function offset(value: number | null, sd: number | null, side: number): number | null {
  return value === null || sd === null ? null : value + side * sd;
}

/** The asset alone, where all lines of a chart are the same point; else the point too. */
function labelOf(point: { asset: string; point: string }, chart: Chart): string {
  const same = chart.lines.every((line) => line.point === point.point);
  const alone = chart.lines.every((line) => line.asset === point.asset);
  if (same) return point.asset;
  return alone ? point.point.replace(/_/g, " ") : `${point.asset} ${point.point.replace(/_/g, " ")}`;
}
