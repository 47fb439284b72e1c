/** An hour of power for each row of the fleet: backfilled once the row is seen, then moved by the stream. */

import { get, Problem, type Point, type SeriesAnswer, type Site } from "../api";
import { milliseconds } from "../format";

export const SPARK_MINUTES = 60;
const STEP_S = 60;
/** Rows come in dozens when a page opens; the stream and the viewer's clicks need the other connections. */
const PARALLEL = 2;

export interface Spark {
  label: "facility" | "IT";
  t: number[];
  v: number[];
}

const sparks = new Map<string, Spark>();
const asked = new Set<string>();
const waiting: string[] = [];
let running = 0;

export function sparkOf(site: Site): Spark | null {
  const { facility_power_w: facility, it_power_w: it } = site.summary;
  const power = facility ?? it;
  const at = milliseconds(site.site_time_at ?? site.newest_at);
  const spark = sparks.get(site.id) ?? { label: facility === null ? "IT" : "facility", t: [], v: [] };
  if (power !== null && at !== null) extend(spark, at, power);
  sparks.set(site.id, spark);
  return spark.t.length > 1 ? spark : null;
}

/** One value a minute: the newest of the running minute stands for it. */
export function extend(spark: Spark, atMs: number, value: number): void {
  const minute = Math.floor(atMs / 60_000) * 60_000;
  const last = spark.t.length - 1;
  if (spark.t[last] === minute) spark.v[last] = value;
  else if (minute > (spark.t[last] ?? Number.NEGATIVE_INFINITY)) {
    spark.t.push(minute);
    spark.v.push(value);
  }
  while ((spark.t[0] ?? minute) < minute - SPARK_MINUTES * 60_000) {
    spark.t.shift();
    spark.v.shift();
  }
}

export function wantSpark(site: Site): void {
  if (asked.has(site.id) || site.state === "new") return;
  asked.add(site.id);
  waiting.push(site.id);
  void next();
}

async function next(): Promise<void> {
  if (running >= PARALLEL) return;
  const id = waiting.shift();
  if (id === undefined) return;
  running += 1;
  try {
    await fill(id);
  } catch (error) {
    // The row then grows its line from the stream alone; nothing is shown that did not come.
    const loggedOut = error instanceof Problem && error.status === 401;
    if (!loggedOut) console.warn(`no backfill of ${id}:`, error);
  } finally {
    running -= 1;
    void next();
  }
}

async function fill(id: string): Promise<void> {
  const { points } = await get<{ points: Point[] }>(`/api/v1/sites/${id}/points`);
  const power = points.find((p) => p.class === "meter" && p.point === "power") ?? points.find((p) => p.point === "it_power");
  if (!power) return;
  const query = `point=${id}/${power.asset}/${power.point}&from=now-${SPARK_MINUTES}m&to=now&step=${STEP_S}s&agg=mean`;
  const { series } = await get<SeriesAnswer>(`/api/v1/series?${query}`);
  const found = series.find((each) => each.source === "measured");
  if (!found) return;
  const live = sparks.get(id);
  const merged: Spark = { label: power.class === "meter" ? "facility" : "IT", t: [], v: [] };
  found.t_ms.forEach((t, i) => typeof found.v[i] === "number" && extend(merged, t, found.v[i]));
  live?.t.forEach((t, i) => extend(merged, t, live.v[i] ?? 0));
  sparks.set(id, merged);
}

/** The line as an SVG path in a box of the given size, newest at the right edge; flat within a tenth of its size. */
export function sparkPath(spark: Spark, width: number, height: number): string {
  const end = spark.t[spark.t.length - 1] ?? 0;
  const top = Math.max(...spark.v);
  const low = Math.min(...spark.v);
  const span = Math.max(top - low, Math.abs(top) * 0.1, 1e-9);
  const middle = (top + low) / 2;
  const place = (t: number, v: number): string => {
    const x = width * (1 - (end - t) / (SPARK_MINUTES * 60_000));
    const y = height / 2 - ((v - middle) / span) * (height - 4);
    return `${x.toFixed(1)} ${y.toFixed(1)}`;
  };
  return spark.t.map((t, i) => `${i ? "L" : "M"}${place(t, spark.v[i] ?? 0)}`).join("");
}
