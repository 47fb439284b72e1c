/** The trends of a site: a grid of charts on one time axis, each with the values behind its lines. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import type { AlertList } from "../alerts/list";
import { marksOf } from "../alerts/order";
import type { Alert } from "../api";
import { show, showDifference, scaleOf, utcStamp } from "../format";
import { live } from "../live/client";
import { RANGES } from "../url";
import { change, theme, toggled, view } from "../view";
import { ChartCanvas, lineColour, timeLabels } from "./chart";
import { chooseCharts, shortId, type Chart } from "./choose";
import type { SiteData } from "./data";
import { History, spanOf, stepS, type Span } from "./history";
import { forget } from "./testhook";
import { drawingOf } from "./tracks";

export function Trends({ data, alerts }: { data: SiteData; alerts: AlertList }) {
  void live.frame.value;
  const history = useMemo(() => new History(), [data]);
  useEffect(() => () => (history.close(), forget()), [history]);
  void history.revision.value;
  const { charts: open, points: chosen } = view.value;
  const { charts, folded } = useMemo(() => chooseCharts(data.points.value, open, chosen), [data.points.value, open, chosen]);
  const span = spanOf(view.value, data.nowMs());
  const drawn = charts.flatMap((chart) => chart.lines.map((line) => line.id));
  useEffect(() => history.want(drawn, span));
  const timeZone = data.detail.value?.location?.timezone ?? "UTC";
  return (
    <section class="trends" aria-label="Trends">
      <Toolbar span={span} timeZone={timeZone} data={data} />
      {history.problem.value && <p class="problem">The history did not answer: {history.problem.value.message}</p>}
      <div class="charts">
        {charts.map((chart) => (
          <ChartPanel key={chart.name} chart={chart} alerts={alerts.alerts.value} data={data} history={history} span={span} timeZone={timeZone} />
        ))}
      </div>
      {!charts.length && <p>No point of this site is a number to draw yet.</p>}
      {folded.length > 0 && <Folded charts={folded} />}
    </section>
  );
}

function Toolbar({ span, timeZone, data }: { span: Span; timeZone: string; data: SiteData }) {
  return (
    <div class="toolbar">
      <h2>Trends</h2>
      <div class="ranges" role="group" aria-label="Range">
        {Object.keys(RANGES).map((range) => (
          <button
            key={range}
            type="button"
            aria-pressed={span.moving && view.value.range === range}
            onClick={() => change({ range, from: null, to: null })}
          >
            {range}
          </button>
        ))}
      </div>
      {!span.moving && (
        <button type="button" class="back" onClick={() => change({ from: null, to: null })}>
          Zoom {utcStamp(span.fromMs)} to {utcStamp(span.toMs)} · back to {data.recorded() ? "the end" : "now"} (Esc)
        </button>
      )}
      <span class="zone">times in {timeZone}</span>
    </div>
  );
}

interface PanelProps {
  chart: Chart;
  alerts: readonly Alert[];
  data: SiteData;
  history: History;
  span: Span;
  timeZone: string;
}

function ChartPanel({ chart, alerts, data, history, span, timeZone }: PanelProps) {
  const box = useRef<HTMLElement>(null);
  const [cursor, setCursor] = useState<number | null>(null);
  useEffect(() => {
    const follow = (event: Event): void => setCursor((event as CustomEvent<number | null>).detail);
    box.current?.addEventListener("cursor-at", follow);
    return () => box.current?.removeEventListener("cursor-at", follow);
  }, []);
  const drawing = drawingOf(chart, history.series, data, span, stepS(span.toMs - span.fromMs) * 1000, data.recorded());
  const at = (column: number): number | null => (cursor === null ? null : nearest(drawing.columns[column] ?? [], cursor));
  const unit = scaleOf(chart.unit).label;
  return (
    <article class="chart" ref={box} data-testid={`chart-${chart.name}`} onDblClick={() => change({ from: null, to: null })}>
      <h3>
        {chart.title}
        {unit && <small> {unit}</small>}
        {cursor !== null && drawing.t[cursor] !== undefined && <small class="at"> at {momentOf(drawing.t[cursor], timeZone)}</small>}
      </h3>
      <ul class="legend">
        {drawing.lines.map((line, i) => (
          <Legend
            key={line.key}
            index={i}
            label={line.label}
            unit={chart.unit}
            current={data.current(line.key)}
            hasTwin={line.twin >= 0}
            at={cursor === null ? undefined : { v: at(line.measured), twin: line.twin < 0 ? null : at(line.twin) }}
          />
        ))}
        {chart.more.length > 0 && <More chart={chart} />}
      </ul>
      <ChartCanvas chart={chart} drawing={drawing} marks={marksOf(alerts, chart.lines.map(shortId))} span={span} timeZone={timeZone} />
      {drawing.residuals.length > 0 && <p class="strip-label">measured − twin, {showDifference(0, chart.unit).unit}</p>}
    </article>
  );
}

/** In the time of the axis, and in UTC for whoever is asked about it. */
function momentOf(seconds: number, timeZone: string): string {
  const utc = utcStamp(seconds * 1000);
  return timeZone === "UTC" ? utc : `${timeLabels([seconds], 1, timeZone)[0]} (${utc})`;
}

interface LegendProps {
  index: number;
  label: string;
  unit: string;
  current: ReturnType<SiteData["current"]>;
  hasTwin: boolean;
  at: { v: number | null; twin: number | null } | undefined;
}

/** A line's sign, name and value: the newest, or the one under the cursor. */
function Legend({ index, label, unit, current, hasTwin, at }: LegendProps) {
  const shown = show(at ? at.v : current.v, unit);
  const twin = at ? at.twin : current.twin;
  const stale = !at && current.quality === "stale";
  return (
    <li>
      <svg class="swatch" width="18" height="8" aria-hidden="true">
        <path d="M0 4H18" stroke={lineColour(index, theme.value)} stroke-width="2.4" />
      </svg>
      {label} <b class={stale ? "stale" : undefined}>{shown.text}</b>
      {hasTwin && (
        <span class="twin">
          <svg class="swatch" width="18" height="8" aria-hidden="true">
            <path d="M0 4H18" stroke={lineColour(index, theme.value)} stroke-width="2" stroke-dasharray="5 4" />
          </svg>
          twin <b>{show(twin, unit).text}</b>
        </span>
      )}
    </li>
  );
}

function More({ chart }: { chart: Chart }) {
  return (
    <li>
      <details class="more">
        <summary>{chart.more.length} more</summary>
        <div>
          {chart.more.map((point) => (
            <button key={point.id} type="button" onClick={() => change({ points: toggled(view.value.points, shortId(point)) })}>
              + {shortId(point)}
            </button>
          ))}
        </div>
      </details>
    </li>
  );
}

function Folded({ charts }: { charts: Chart[] }) {
  return (
    <p class="folded">
      <span>{charts.length} more charts:</span>
      {charts.map((chart) => (
        <button key={chart.name} type="button" onClick={() => change({ charts: toggled(view.value.charts, chart.name) })}>
          + {chart.title} ({chart.lines.length + chart.more.length})
        </button>
      ))}
    </p>
  );
}

/** The value at an index, or the last before it: slow points are not sampled at each instant of the axis. */
function nearest(column: readonly (number | null | undefined)[], index: number): number | null {
  for (let i = index; i >= 0; i--) if (column[i] !== undefined) return column[i] ?? null;
  return null;
}
