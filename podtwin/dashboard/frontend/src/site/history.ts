/** The backfill of all charts of a page: one question for all their points, asked anew as time goes on. */

import { signal } from "@preact/signals";

import { get, Problem, type Series, type SeriesAnswer } from "../api";
import { RANGES, type View } from "../url";

export interface Span {
  fromMs: number;
  toMs: number;
  /** A span that ends now moves with the stream. */
  moving: boolean;
}

/** At most this many steps a chart: about one for two pixels. */
const STEPS = 400;
const NICE_STEPS_S = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 10800, 21600, 86400];
/** Keeps 40 points of 400 steps, measured and twin, under the 50,000 rows of a JSON answer. */
const POINTS_A_QUESTION = 40;
const REFRESH_MS = 60_000;
const SOONEST_MS = 2_000;
/** A twin that still works off the past is asked for more often, for as long as a page is young. */
const RUSH_MS = 5_000;
const YOUNG_MS = 120_000;
const BEHIND_MS = 120_000;

export function spanOf(view: View, nowMs: number): Span {
  if (view.from !== null && view.to !== null) return { fromMs: view.from, toMs: view.to, moving: false };
  return { fromMs: nowMs - (RANGES[view.range] ?? 3600) * 1000, toMs: nowMs, moving: true };
}

/** The smallest round step that fits the span; a recording of 30 s readings gains nothing below 30 s, nor loses. */
export function stepS(spanMs: number): number {
  return NICE_STEPS_S.find((step) => spanMs / 1000 / step <= STEPS) ?? 86400;
}

/** Whether the twin's lines end well before the measured ones, or there are none yet. */
export function twinIsBehind(series: ReadonlyMap<string, Series>): boolean {
  const ends = (point: string, source: string): number | undefined => series.get(`${point} ${source}`)?.t_ms.at(-1);
  const twins = [...series.values()].filter((each) => each.source === "twin");
  return !twins.length || twins.some(({ point }) => (ends(point, "measured") ?? 0) - (ends(point, "twin") ?? 0) > BEHIND_MS);
}

export class History {
  readonly revision = signal(0);
  readonly problem = signal<Problem | null>(null);
  readonly series = new Map<string, Series>();
  private asked = { key: "", toMs: 0, at: Number.NEGATIVE_INFINITY };
  private abort: AbortController | null = null;
  private readonly opened = performance.now();

  /** Asks when the span or the points are others, or when time has gone on by a tenth of the span or a minute. */
  want(points: readonly string[], span: Span): void {
    const key = [points.join(), span.moving ? span.toMs - span.fromMs : `${span.fromMs}-${span.toMs}`].join(" ");
    const since = performance.now() - this.asked.at;
    const moved = span.moving && Math.abs(span.toMs - this.asked.toMs) > (span.toMs - span.fromMs) / 10;
    const refreshMs = performance.now() - this.opened < YOUNG_MS && twinIsBehind(this.series) ? RUSH_MS : REFRESH_MS;
    const due = span.moving && (since > refreshMs || (moved && since > SOONEST_MS));
    if (!points.length || (key === this.asked.key && !due)) return;
    this.asked = { key, toMs: span.toMs, at: performance.now() };
    void this.ask(points, span);
  }

  close(): void {
    this.abort?.abort();
  }

  private async ask(points: readonly string[], span: Span): Promise<void> {
    this.abort?.abort();
    const abort = new AbortController();
    this.abort = abort;
    try {
      const parts: string[][] = [];
      for (let i = 0; i < points.length; i += POINTS_A_QUESTION) parts.push(points.slice(i, i + POINTS_A_QUESTION));
      const answers = await Promise.all(parts.map((part) => get<SeriesAnswer>(question(part, span), abort.signal)));
      this.series.clear();
      for (const each of answers.flatMap((answer) => answer.series)) this.series.set(`${each.point} ${each.source}`, each);
      this.problem.value = null;
    } catch (error) {
      if (abort.signal.aborted) return;
      this.problem.value = error instanceof Problem ? error : new Problem(0, "No answer", String(error));
    }
    this.revision.value += 1;
  }
}

function question(points: readonly string[], { fromMs, toMs }: Span): string {
  const step = stepS(toMs - fromMs);
  const at = (ms: number): string => new Date(ms).toISOString();
  const fields = [`from=${at(Math.floor(fromMs / step / 1000) * step * 1000)}`, `to=${at(toMs)}`, `step=${step}s`, "agg=mean", "source=measured,twin"];
  return `/api/v1/series?${[...points.map((id) => `point=${encodeURIComponent(id).replace(/%2F/g, "/")}`), ...fields].join("&")}`;
}
