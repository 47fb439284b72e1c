/** Shapes of `/api/v1` that the page reads, and the one way it asks for them. */

export type Clock = "live" | "recorded" | "none";
export type SiteState = "critical" | "no_data" | "warning" | "normal" | "new";
export type Severity = "critical" | "warning";
export type AlertState = "firing" | "recovering" | "no_data" | "resolved";
export type Handling = "new" | "acknowledged" | "assigned";

export interface NodeState {
  id: string;
  online: boolean | null;
  last_recv_at: string | null;
  age_s: number | null;
  missing: number;
  clock_ahead_s: number | null;
  /** Messages that waited in its outbox when it last said so, and until they are through. */
  backlog: number;
  backlog_left_s: number | null;
  dropped: number;
}

/** How far behind a reader of the log is. */
export interface ReaderLag {
  reader: string;
  frames: number;
  seconds: number;
  left_s: number | null;
}

/** What the page needs of `/api/v1/status`. */
export interface Status {
  lag: { readers: ReaderLag[] };
  log: { full: string; kept_for: string; kept_frames: number };
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
  alerts: Record<Severity, number>;
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
  twin_t: string | null;
  band: number | null;
  residual: number | null;
  residual_t: string | null;
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

export interface Evidence {
  at: string;
  unit: string;
  value: number | null;
  expected: number | null;
  band: number | null;
  residual: number | null;
  direction: number;
  left_s: number | null;
  contributions: Record<string, number>;
  suspected: string;
  link: string;
}

export interface Alert {
  id: string;
  fingerprint: string;
  site: string;
  rule: string;
  point: string;
  severity: Severity;
  state: AlertState;
  handling: Handling;
  handled_by: string;
  title: string;
  text: string;
  raised_at: string;
  started_at: string;
  ended_at: string | null;
  changed_at: string;
  score: number;
  worst: number;
  evidence: Evidence;
}

export interface TimelineEntry {
  at: string;
  what: string;
  detail: string;
  by: string;
}

export interface Attempt {
  started_at: string;
  took_ms: number;
  status: number | null;
  reason: string;
  answer: string;
}

export interface Delivery {
  id: string;
  endpoint: string;
  type: string;
  at: string | null;
  state: string;
  attempts: number;
  due_at: string | null;
  reason: string;
  tries: Attempt[];
}

export interface Endpoint {
  id: string;
  name: string;
  url: string;
}

export interface Pue {
  value: number | null;
  unknown: string | null;
  category: number | null;
  variant: string;
  standard: string;
  boundary: Record<"facility" | "it", { points: string[]; words: string }>;
  coverage: number;
}

/** t_ms, value, flags, twin, band, twin_t_ms, residual, residual_t_ms: one point's newest as the stream sends it. */
export type StreamValue = [
  number,
  number | null,
  number,
  (number | null)?,
  (number | null)?,
  (number | null)?,
  (number | null)?,
  (number | null)?,
];

export interface StreamData {
  now_ms: number;
  sites?: Record<string, Site>;
  values?: Record<string, StreamValue>;
  alerts?: Record<string, Alert>;
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

let refused = (): void => undefined;

/** Calls back whenever the server asks for a key. */
export function whenRefused(call: () => void): void {
  refused = call;
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const answer = await fetch(path, { headers: { Accept: "application/json" }, signal: signal ?? null });
  if (answer.ok) return (await answer.json()) as T;
  throw await problemOf(answer);
}

/** Asks for something to be done; the answer says what it will be known by. */
export async function post(path: string, said: object): Promise<{ id: string }> {
  return (await send("POST", path, said)) as { id: string };
}

/** Changes something. The header is one that no page of another origin can send. */
export async function send(method: "POST" | "DELETE", path: string, said?: object): Promise<unknown> {
  const headers = { Accept: "application/json", "Content-Type": "application/json", "X-PodTwin": "1" };
  const answer = await fetch(path, { method, headers, body: said ? JSON.stringify(said) : null });
  if (answer.status === 204) return null;
  if (answer.ok) return await answer.json();
  throw await problemOf(answer);
}

/** What went wrong, whatever it was. */
export function problemFrom(error: unknown): Problem {
  return error instanceof Problem ? error : new Problem(0, "No answer", String(error));
}

async function problemOf(answer: Response): Promise<Problem> {
  if (answer.status === 401) refused();
  const fallback = `The server answered ${answer.status} to ${new URL(answer.url).pathname}.`;
  if (!answer.headers.get("content-type")?.includes("json")) return new Problem(answer.status, answer.statusText, fallback);
  const body = (await answer.json()) as { title?: string; detail?: string };
  return new Problem(answer.status, body.title ?? answer.statusText, body.detail ?? fallback);
}
