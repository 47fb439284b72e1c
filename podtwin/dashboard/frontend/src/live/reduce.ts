/** What the stream has said so far: a snapshot replaces it, a delta changes what it names. */

import type { Alert, Site, StreamData, StreamValue } from "../api";

export interface Reading {
  tMs: number;
  v: number | null;
  flags: number;
  twin: number | null;
  band: number | null;
  twinMs: number | null;
  residual: number | null;
  residualMs: number | null;
}

export interface LiveState {
  sites: Map<string, Site>;
  /** By full point id: site/asset/point. */
  values: Map<string, Reading>;
  /** Those that are open, and the last that were resolved while the page was there. */
  alerts: Map<string, Alert>;
  serverNowMs: number | null;
}

export function emptyState(): LiveState {
  return { sites: new Map(), values: new Map(), alerts: new Map(), serverNowMs: null };
}

/** Resolved alerts that a page still shows; more than end while somebody looks. */
const RESOLVED_KEPT = 200;

export function reading([tMs, v, flags, twin = null, band = null, twinMs = null, residual = null, residualMs = null]: StreamValue): Reading {
  return { tMs, v, flags, twin, band, twinMs, residual, residualMs };
}

/** Forgets what was, so that a site or point that is gone from the server goes from the page too. */
export function applySnapshot(state: LiveState, data: StreamData): void {
  state.sites.clear();
  state.values.clear();
  state.alerts.clear();
  applyDelta(state, data);
}

export function applyDelta(state: LiveState, data: StreamData): void {
  state.serverNowMs = data.now_ms;
  for (const [id, site] of Object.entries(data.sites ?? {})) state.sites.set(id, site);
  for (const [id, value] of Object.entries(data.values ?? {})) state.values.set(id, reading(value));
  for (const [id, alert] of Object.entries(data.alerts ?? {})) {
    state.alerts.delete(id);
    state.alerts.set(id, alert);
  }
  const resolved = [...state.alerts.values()].filter((alert) => alert.state === "resolved");
  for (const alert of resolved.slice(0, -RESOLVED_KEPT)) state.alerts.delete(alert.id);
}

/** The part of a message that concerns one site's page: all sites, but the values of one alone. */
export function forSite(data: StreamData, site: string | null): StreamData {
  const prefix = `${site}/`;
  const values = Object.entries(data.values ?? {}).filter(([id]) => site !== null && id.startsWith(prefix));
  return { now_ms: data.now_ms, sites: data.sites ?? {}, values: Object.fromEntries(values), alerts: data.alerts ?? {} };
}

/** The whole state as a message, for a tab that comes late or turns to another site. */
export function asSnapshot(state: LiveState, site: string | null): StreamData {
  const prefix = `${site}/`;
  const values: Record<string, StreamValue> = {};
  for (const [id, r] of state.values) {
    if (site !== null && id.startsWith(prefix)) values[id] = [r.tMs, r.v, r.flags, r.twin, r.band, r.twinMs, r.residual, r.residualMs];
  }
  return { now_ms: state.serverNowMs ?? 0, sites: Object.fromEntries(state.sites), values, alerts: Object.fromEntries(state.alerts) };
}
