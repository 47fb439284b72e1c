/** Which alerts come first, which fit a filter, and what their words and numbers are. */

import type { Alert, AlertState, Handling, Severity, Site } from "../api";
import { milliseconds, show, type Shown } from "../format";
import type { View } from "../url";

export const SEVERITIES: Readonly<Record<Severity, { mark: string; word: string }>> = {
  critical: { mark: "▲", word: "critical" },
  warning: { mark: "■", word: "warning" },
};

export const STATE_WORDS: Readonly<Record<AlertState, string>> = {
  firing: "firing",
  recovering: "recovering",
  no_data: "no data",
  resolved: "resolved",
};

export const HANDLING_WORDS: Readonly<Record<Handling, string>> = { new: "new", acknowledged: "acknowledged", assigned: "assigned" };

export function isOpen(alert: Alert): boolean {
  return alert.state !== "resolved";
}

/** What somebody has to look at first: open, critical, not taken by anybody, of the highest score, begun last. */
export function byWorst(a: Alert, b: Alert): number {
  return rank(a) - rank(b) || b.worst - a.worst || newest(a, b);
}

/** The order of the API's list: open ones first, begun last first. */
export function byTime(a: Alert, b: Alert): number {
  return Number(isOpen(b)) - Number(isOpen(a)) || newest(a, b);
}

function newest(a: Alert, b: Alert): number {
  return a.started_at === b.started_at ? (a.id < b.id ? 1 : -1) : a.started_at < b.started_at ? 1 : -1;
}

function rank(alert: Alert): number {
  return (isOpen(alert) ? 0 : 4) + (alert.severity === "critical" ? 0 : 2) + (alert.handling === "new" ? 0 : 1);
}

export interface Trouble {
  site: string;
  /** The worst alert there; null for a site that is silent and has none. */
  worst: Alert | null;
  others: number;
}

/** Sites that somebody has to look at: with a critical alert, silent, with a warning; each once. */
export function attentionOf(alerts: readonly Alert[], sites: readonly Site[]): Trouble[] {
  const open = alerts.filter(isOpen).sort(byWorst);
  const silent = sites.filter((site) => site.state === "no_data").map((site) => site.id);
  const critical = open.filter((alert) => alert.severity === "critical").map((alert) => alert.site);
  const ids = new Set([...critical, ...silent, ...open.map((alert) => alert.site)]);
  return [...ids].map((site) => {
    const here = open.filter((alert) => alert.site === site);
    const worst = silent.includes(site) ? null : (here[0] ?? null);
    return { site, worst, others: here.length - (worst ? 1 : 0) };
  });
}

export function fits(alert: Alert, filters: View["filters"]): boolean {
  const { state, ...rest } = filters;
  const byState = !state || (state === "open" ? isOpen(alert) : alert.state === state);
  return byState && Object.entries(rest).every(([name, wanted]) => !wanted || alert[name as keyof typeof rest] === wanted);
}

/** The API's question for a filter: of `open` it knows nothing, open ones come first there anyway. */
export function questionOf(filters: View["filters"], limit: number): string {
  const asked = new URLSearchParams({ limit: String(limit) });
  for (const [name, value] of Object.entries(filters)) if (value && value !== "open") asked.set(name, value);
  return `/api/v1/alerts?${asked}`;
}

/** Seconds since it was first seen, until it was over. */
export function lastsS(alert: Alert, nowMs: number): number | null {
  const since = milliseconds(alert.raised_at);
  return since === null ? null : Math.max(0, ((milliseconds(alert.ended_at) ?? nowMs) - since) / 1000);
}

/** "Now" in the time of a site: a recording's newest instant, else the server's present. */
export function siteNowMs(site: Site | undefined, nowMs: number): number {
  return site?.clock === "recorded" ? (milliseconds(site.site_time_at) ?? nowMs) : nowMs;
}

/** `22.0 ± 0.4 °C`, on the scale of the point. */
export function expectedOf(alert: Alert): Shown {
  const { expected, band, unit } = alert.evidence;
  const shown = show(expected, unit);
  if (expected === null || band === null) return shown;
  const spread = show(band, unit === "Cel" ? "K" : unit).text;
  return { ...shown, text: `${shown.text} ± ${spread}` };
}

/** Shares of the channels, the largest first, as parts of the largest for the length of a bar. */
export function sharesOf(alert: Alert): { key: string; share: number; length: number }[] {
  const shares = Object.entries(alert.evidence.contributions).sort(([, a], [, b]) => b - a);
  const largest = shares[0]?.[1] || 1;
  return shares.map(([key, share]) => ({ key, share, length: share / largest }));
}

export interface Mark {
  id: string;
  severity: Severity;
  /** Unix milliseconds; until null it goes on. */
  fromMs: number;
  toMs: number | null;
  /** Whether the chart draws the very point that the alert is about. */
  own: boolean;
}

/** Where alerts began and ended, for a chart of these points (`asset/point`). */
export function marksOf(alerts: readonly Alert[], points: readonly string[]): Mark[] {
  return alerts.map((alert) => ({
    id: alert.id,
    severity: alert.severity,
    fromMs: milliseconds(alert.started_at) ?? 0,
    toMs: milliseconds(alert.ended_at),
    own: points.includes(alert.point),
  }));
}
