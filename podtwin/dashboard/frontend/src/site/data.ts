/** What the page of one site knows: its description, its points, its newest values, its rings. */

import { signal } from "@preact/signals";

import { get, problemFrom, type Problem, type Point, type SiteDetail, type StateValue, type Topology } from "../api";
import { milliseconds } from "../format";
import { quality } from "../freshness";
import { live } from "../live/client";
import type { Message } from "../live/connection";
import type { Reading } from "../live/reduce";
import { Ring } from "../ring";
import { shortId } from "./choose";

export interface Current {
  v: number | null;
  unit: string;
  ageS: number | null;
  quality: string;
  flags: number;
  twin: number | null;
  /** Of the newest step of the twin that had a reading, and how long ago that step ended. */
  residual: number | null;
  residualAgeS: number | null;
}

/** A site that bears new points while it is open is asked again for its description, at most this often. */
const RELOAD_MS = 10_000;

export class SiteData {
  readonly detail = signal<SiteDetail | null>(null);
  readonly topology = signal<Topology | null>(null);
  readonly points = signal<Point[]>([]);
  readonly problem = signal<Problem | null>(null);
  /** By asset/point: what was measured, and what the twin said of it. */
  readonly measured = new Map<string, Ring>();
  readonly twins = new Map<string, Ring>();
  private state = new Map<string, StateValue>();
  private byKey = new Map<string, Point>();
  private loadedAt = Number.NEGATIVE_INFINITY;
  private readonly stop: () => void;

  constructor(readonly id: string) {
    this.stop = live.listen((message) => this.take(message));
    void this.load();
  }

  close(): void {
    this.stop();
  }

  /** "Now" in the time of this site: a recording's newest instant, else the server's present. */
  nowMs(): number {
    const site = live.state.sites.get(this.id) ?? this.detail.peek();
    return site?.clock === "recorded" ? (milliseconds(site.site_time_at) ?? live.nowMs()) : live.nowMs();
  }

  recorded(): boolean {
    return (live.state.sites.get(this.id) ?? this.detail.peek())?.clock === "recorded";
  }

  point(key: string): Point | undefined {
    return this.byKey.get(key);
  }

  /** The newest of a point, by asset/point: from the stream, or from the answer of `state` until then. */
  current(key: string): Current {
    // A component is drawn anew only for what it read: without this, a row would stand still.
    void live.frame.value;
    const point = this.byKey.get(key);
    const reading = live.state.values.get(`${this.id}/${key}`);
    const first = this.state.get(key);
    if (reading) return this.fromReading(reading, point?.unit ?? first?.unit ?? "", point, first);
    const at = milliseconds(first?.t);
    const ageS = at === null ? null : Math.max(0, (this.nowMs() - at) / 1000);
    const word = first ? (first.quality === "good" ? quality(first.flags, ageS, point?.period_s) : first.quality) : "good";
    return {
      v: first?.v ?? null,
      unit: point?.unit ?? first?.unit ?? "",
      ageS,
      quality: word,
      flags: first?.flags ?? 0,
      twin: first?.twin ?? null,
      residual: first?.residual ?? null,
      residualAgeS: this.since(milliseconds(first?.residual_t)),
    };
  }

  private since(ms: number | null): number | null {
    return ms === null ? null : Math.max(0, (this.nowMs() - ms) / 1000);
  }

  private fromReading(reading: Reading, unit: string, point: Point | undefined, first: StateValue | undefined): Current {
    const ageS = Math.max(0, (this.nowMs() - reading.tMs) / 1000);
    const twin = reading.twin ?? first?.twin ?? null;
    return {
      v: reading.v,
      unit,
      ageS,
      quality: quality(reading.flags, ageS, point?.period_s),
      flags: reading.flags,
      twin,
      residual: reading.residual,
      residualAgeS: this.since(reading.residualMs),
    };
  }

  private take(message: Message): void {
    if (message.type !== "snapshot" && message.type !== "delta") return;
    const prefix = `${this.id}/`;
    let strange = false;
    for (const id of Object.keys(message.values ?? {})) {
      if (!id.startsWith(prefix)) continue;
      const key = id.slice(prefix.length);
      strange ||= !this.byKey.has(key);
      const reading = live.state.values.get(id);
      if (!reading) continue;
      ringOf(this.measured, key).push(reading.tMs, reading.v);
      if (reading.twin !== null && reading.twinMs !== null) ringOf(this.twins, key).push(reading.twinMs, reading.twin, reading.band);
    }
    if (strange && performance.now() - this.loadedAt > RELOAD_MS) void this.load();
  }

  private async load(): Promise<void> {
    this.loadedAt = performance.now();
    const path = `/api/v1/sites/${this.id}`;
    try {
      const [detail, { points }, topology, { values }] = await Promise.all([
        get<SiteDetail>(path),
        get<{ points: Point[] }>(`${path}/points`),
        get<Topology>(`${path}/topology`),
        get<{ values: Record<string, StateValue> }>(`${path}/state`),
      ]);
      this.state = new Map(Object.entries(values));
      const all = [...points, ...unlisted(points, values)].map((point) => ({ ...point, id: `${this.id}/${shortId(point)}` }));
      this.byKey = new Map(all.map((point) => [shortId(point), point]));
      this.points.value = all;
      this.topology.value = topology;
      this.detail.value = detail;
      this.problem.value = null;
    } catch (error) {
      this.problem.value = problemFrom(error);
    }
  }
}

function ringOf(rings: Map<string, Ring>, key: string): Ring {
  const ring = rings.get(key) ?? new Ring();
  rings.set(key, ring);
  return ring;
}

/** What the state holds beyond the registry's points: the twin's own states, which no node sends. */
function unlisted(points: Point[], values: Record<string, StateValue>): Point[] {
  const known = new Set(points.map(shortId));
  return Object.entries(values)
    .filter(([key]) => !known.has(key))
    .map(([key, { unit }]) => {
      const [asset = "", point = ""] = key.split("/");
      const rest = { class: asset, quantity: point, period_s: null, kind: "gauge", role: "none", owner: null, states: null } as const;
      return { id: key, asset, point, unit, ...rest };
    });
}
