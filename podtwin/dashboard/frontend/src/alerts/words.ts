/** What happened to an alert and to its messages, as a person says it. */

import type { Delivery, TimelineEntry } from "../api";
import { age, milliseconds, utcTime } from "../format";

const WORDS: Readonly<Record<string, string>> = {
  pending: "seen",
  firing: "fires",
  recovering: "recovers",
  resolved: "resolved",
  no_data: "no data",
  worse: "grew worse",
  acknowledge: "acknowledged",
  assign: "assigned",
  release: "released",
};

export function entryWords({ what, detail, by }: TimelineEntry): string {
  if (what === "told") return `told: ${detail.replace(/^alert\./, "").replace(/_/g, " ")}`;
  if (!by) return WORDS[what] ?? what;
  return `${WORDS[what] ?? what} by ${by}${detail === "applied" ? "" : `: ${detail.replace(/_/g, " ")}`}`;
}

/** `delivered, 2 tries, 204 in 31 ms` or `retrying, 3 tries, 503 in 12 ms, next in 40 s`. */
export function deliveryWords({ state, tries, due_at, reason }: Delivery, nowMs: number): string {
  const last = tries[tries.length - 1];
  const due = milliseconds(due_at);
  const at = last ? milliseconds(last.started_at) : null;
  const parts = [
    state,
    tries.length ? `${tries.length} ${tries.length === 1 ? "try" : "tries"}` : "not tried yet",
    last ? `${last.status ?? (last.reason.replace(/_/g, " ") || "no answer")} in ${Math.round(last.took_ms)} ms` : "",
    at === null ? "" : `at ${utcTime(at)}`,
    state === "dead" && reason !== last?.reason ? reason.replace(/_/g, " ") : "",
    due === null ? "" : `next in ${age((due - nowMs) / 1000)}`,
  ];
  return parts.filter(Boolean).join(", ");
}
