/** What is behind, in words: readers of the log, and nodes that work off what waited in their outboxes. */

import type { NodeState, ReaderLag, Site, Status } from "../api";
import { age, grouped } from "../format";

/** Seconds of lag past which a reader is worth a word. The history writes once an hour, so two are late. */
const LATE_S: Readonly<Record<string, number>> = { engine: 10, hub: 5, seal: 7200 };
const LATE_FORWARD_S = 60;
const NAMES: Readonly<Record<string, string>> = { engine: "The twin is", hub: "This page is", seal: "The history is" };

export function fullWords(status: Status | null): string | null {
  if (!status?.log.full) return null;
  const { kept_for: reader, kept_frames: frames } = status.log;
  const why = reader ? `It is kept for ${reader}, which has ${grouped(frames, 0)} frames to read.` : "";
  return `The log is full (${status.log.full}): nothing new is taken in, and nothing is lost while senders have room. ${why}`.trim();
}

export function behindWords(status: Status | null, sites: Iterable<Site>): string[] {
  const late = (status?.lag.readers ?? []).filter((lag) => lag.seconds >= (LATE_S[lag.reader] ?? LATE_FORWARD_S));
  return [...late.map(readerWords), ...nodeWords(sites)];
}

function readerWords(lag: ReaderLag): string {
  const name = NAMES[lag.reader] ?? `${lag.reader.replace("forward-", "Forwarding to ")} is`;
  return `${name} ${age(lag.seconds)} behind${leftWords(lag.left_s)}`;
}

function nodeWords(sites: Iterable<Site>): string[] {
  const found: { site: string; node: NodeState }[] = [];
  for (const site of sites) for (const node of site.nodes) if (node.backlog > 0) found.push({ site: site.id, node });
  const [first] = found;
  if (!first) return [];
  const messages = grouped(found.reduce((sum, each) => sum + each.node.backlog, 0), 0);
  const known = found.map((each) => each.node.backlog_left_s).filter((left) => left !== null);
  const left = leftWords(known.length ? Math.max(...known) : null);
  if (found.length === 1) return [`${first.site} ${first.node.id} sends ${messages} messages of its past${left}`];
  return [`${grouped(found.length, 0)} nodes send ${messages} messages of their past${left}`];
}

function leftWords(seconds: number | null): string {
  return seconds === null ? "" : `, through in ${age(seconds)} at this rate`;
}
