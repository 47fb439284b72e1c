/**
 * The stream as the page sees it.
 *
 * Messages change `live.state` at once; drawing follows `frame`, which moves at most once a display frame
 * and at least twice a second, so that ages count on even when nothing comes. Whether the stream is broken
 * is judged here and not in the worker, so that a dead worker is noticed as well. The server's clock is
 * carried on by the browser's steady one: a wrong wall clock at the viewer does not make data look old.
 */

import { effect, signal } from "@preact/signals";

import { Hub, type Tab } from "./hub";
import type { Message } from "./connection";
import { applyDelta, applySnapshot, emptyState } from "./reduce";
import type { Request } from "./worker";

export type StreamState = "connecting" | "live" | "broken";

/** Two pings of 2 s missed, and a moment: the page is grey within 5 s. */
export const BROKEN_AFTER_MS = 4_200;
const TICK_MS = 500;

let started = performance.now();
let reopen = (): void => undefined;
const state = emptyState();
const frame = signal(0);
const stream = signal<StreamState>("connecting");
const watched = signal<string | null>(null);
let lastAt: number | null = null;
let serverAt = 0;
let serverMs: number | null = null;
let drawing = false;
const listeners = new Set<(message: Message) => void>();

export const live = {
  state,
  frame,
  stream,
  /** Calls back for each message after the state took it; answers how to stop that. */
  listen(call: (message: Message) => void): () => void {
    listeners.add(call);
    return () => listeners.delete(call);
  },
  /** The server's present, or the viewer's until the server has spoken. Who asks while drawing is drawn anew as time goes on. */
  nowMs(): number {
    void frame.value;
    return serverMs === null ? Date.now() : serverMs + (performance.now() - serverAt);
  },
  /** Milliseconds since the last message, or since the page opened. */
  silentMs(): number {
    return performance.now() - (lastAt ?? started);
  },
  watch(site: string | null): void {
    watched.value = site;
  },
  /** Forgets what came and asks anew, as somebody else. */
  again(): void {
    applySnapshot(state, { now_ms: 0 });
    [lastAt, serverMs] = [null, null];
    started = performance.now();
    stream.value = "connecting";
    reopen();
    draw();
  },
};

export function startLive(): void {
  const tab: Tab = { site: watched.peek(), send: take };
  const ask = typeof SharedWorker === "undefined" ? ownStream(tab) : sharedStream(tab);
  effect(() => ask(watched.value));
  setInterval(tick, TICK_MS);
  document.addEventListener("visibilitychange", tick);
}

function take(message: Message): void {
  if (message.type === "snapshot") applySnapshot(state, message);
  else if (message.type === "delta") applyDelta(state, message);
  const heardAt = performance.now() - ("silent_ms" in message ? (message.silent_ms ?? 0) : 0);
  if (message.type !== "down") lastAt = heardAt;
  if ("now_ms" in message && message.now_ms > 0) [serverMs, serverAt] = [message.now_ms, heardAt];
  for (const call of listeners) call(message);
  judge();
  draw();
}

function tick(): void {
  judge();
  draw();
}

function judge(): void {
  if (live.silentMs() > BROKEN_AFTER_MS) stream.value = "broken";
  else if (lastAt !== null) stream.value = "live";
}

function draw(): void {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    frame.value += 1;
  });
}

function ownStream(tab: Tab): (site: string | null) => void {
  const hub = new Hub((path) => new EventSource(path));
  let joined = false;
  reopen = () => hub.again();
  return (site) => {
    if (joined) hub.watch(tab, site);
    else hub.join(Object.assign(tab, { site }));
    joined = true;
  };
}

function sharedStream(tab: Tab): (site: string | null) => void {
  const worker = new SharedWorker(new URL("./worker.ts", import.meta.url), { type: "module", name: "podtwin" });
  let ask = (site: string | null): void => worker.port.postMessage({ type: "watch", site } satisfies Request);
  reopen = () => worker.port.postMessage({ type: "again" } satisfies Request);
  worker.port.onmessage = ({ data }: MessageEvent<Message>) => tab.send(data);
  worker.onerror = () => {
    ask = ownStream(tab);
    ask(watched.peek());
  };
  addEventListener("pagehide", () => worker.port.postMessage({ type: "bye" } satisfies Request));
  addEventListener("pageshow", (event) => event.persisted && ask(watched.peek()));
  return (site) => ask(site);
}
