/** Shapes of `/api/v1` that the page reads, and the one way it asks for them. */

export type Clock = "live" | "recorded" | "none";
export type SiteState = "normal" | "no_data" | "new";

export interface NodeState {
  id: string;
  online: boolean | null;
  last_recv_at: string | null;
  age_s: number | null;
}

export interface Summary {
  it_power_w: number | null;
  facility_power_w: number | null;
  pue: number | null;
  inlet_max_c: number | null;
  outdoor_c: number | null;
}

export interface Site {
  id: string;
  name: string | null;
  type: string;
  group: string | null;
  location: { timezone?: string | null; latitude?: number; longitude?: number } | null;
  clock: Clock;
  state: SiteState;
  site_time_at: string | null;
  newest_at: string | null;
  age_s: number | null;
  local_time: string | null;
  nodes: NodeState[];
  point_count: number;
  summary: Summary;
}

export interface Asset {
  id: string;
  class: string;
  name?: string | null;
  rating?: Record<string, number> | null;
}

export interface SiteDetail extends Site {
  assets: Asset[];
  limits: Record<string, unknown> | null;
  twin: Record<string, unknown> | null;
}

export interface Edge {
  source: string;
  target: string;
  relation: "feeds" | "cools" | "measures" | "part_of";
}

export interface Topology {
  site: string;
  assets: { id: string; class: string }[];
  edges: Edge[];
}

export interface Point {
  id: string;
  asset: string;
  point: string;
  class: string;
  quantity: string;
  unit: string;
  period_s: number | null;
  kind: "gauge" | "counter" | "state";
  role: string;
  owner: string | null;
  states: Record<string, string> | null;
}

export interface StateValue {
  v: number | null;
  unit: string;
  t: string | null;
  quality: string;
  flags: number;
  age_s: number | null;
  twin: number | null;
  residual: number | null;
  band: number | null;
}

export interface Series {
  point: string;
  source: string;
  unit: string;
  t_ms: number[];
  v: (number | null)[];
  flags: number[] | null;
  sd: (number | null)[] | null;
}

export interface SeriesAnswer {
  from: string;
  to: string;
  step_s: number | null;
  series: Series[];
  truncated: boolean;
}

/** t_ms, value, flags, twin, band: one point's newest reading as the stream sends it. */
export type StreamValue = [number, number | null, number, (number | null)?, (number | null)?];

export interface StreamData {
  now_ms: number;
  sites?: Record<string, Site>;
  values?: Record<string, StreamValue>;
}

/** An answer that is no answer, in the server's own words (RFC 9457). */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
  ) {
    super(detail || title);
  }
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const answer = await fetch(path, { headers: { Accept: "application/json" }, signal: signal ?? null });
  if (answer.ok) return (await answer.json()) as T;
  throw await problemOf(answer);
}

async function problemOf(answer: Response): Promise<Problem> {
  const fallback = `The server answered ${answer.status} to ${new URL(answer.url).pathname}.`;
  if (!answer.headers.get("content-type")?.includes("json")) return new Problem(answer.status, answer.statusText, fallback);
  const body = (await answer.json()) as { title?: string; detail?: string };
  return new Problem(answer.status, body.title ?? answer.statusText, body.detail ?? fallback);
}
