/** What the stream has said so far: a snapshot replaces it, a delta changes what it names. */

import type { Site, StreamData, StreamValue } from "../api";

export interface Reading {
  tMs: number;
  v: number | null;
  flags: number;
  twin: number | null;
  band: number | null;
}

export interface LiveState {
  sites: Map<string, Site>;
  /** By full point id: site/asset/point. */
  values: Map<string, Reading>;
  serverNowMs: number | null;
}

export function emptyState(): LiveState {
  return { sites: new Map(), values: new Map(), serverNowMs: null };
}

export function reading([tMs, v, flags, twin = null, band = null]: StreamValue): Reading {
  return { tMs, v, flags, twin, band };
}

/** Forgets what was, so that a site or point that is gone from the server goes from the page too. */
export function applySnapshot(state: LiveState, data: StreamData): void {
  state.sites.clear();
  state.values.clear();
  applyDelta(state, data);
}

export function applyDelta(state: LiveState, data: StreamData): void {
  state.serverNowMs = data.now_ms;
  for (const [id, site] of Object.entries(data.sites ?? {})) state.sites.set(id, site);
  for (const [id, value] of Object.entries(data.values ?? {})) state.values.set(id, reading(value));
}

/** The part of a message that concerns one site's page: all sites, but the values of one alone. */
export function forSite(data: StreamData, site: string | null): StreamData {
  const prefix = `${site}/`;
  const values = Object.entries(data.values ?? {}).filter(([id]) => site !== null && id.startsWith(prefix));
  return { now_ms: data.now_ms, sites: data.sites ?? {}, values: Object.fromEntries(values) };
}

/** The whole state as a message, for a tab that comes late or turns to another site. */
export function asSnapshot(state: LiveState, site: string | null): StreamData {
  const prefix = `${site}/`;
  const values: Record<string, StreamValue> = {};
  for (const [id, r] of state.values) {
    if (site !== null && id.startsWith(prefix)) values[id] = [r.tMs, r.v, r.flags, r.twin, r.band];
  }
  return { now_ms: state.serverNowMs ?? 0, sites: Object.fromEntries(state.sites), values };
}
