/**
 * One event stream, kept open.
 *
 * A cut is first left to the EventSource itself, which reconnects with Last-Event-ID and so resumes. What it
 * gives up (an HTTP error) or does not notice (a half-open connection: silence) is opened anew here with
 * growing waits; the server then sends a snapshot. `make` and `timers` come in from outside for the tests.
 */

import type { StreamData } from "../api";

export type Message =
  /** `silent_ms`: how long ago the worker last heard of the server, where the message is its memory. */
  | ({ type: "snapshot" | "delta"; silent_ms?: number } & StreamData)
  | { type: "ping"; now_ms: number }
  | { type: "end"; reason: string }
  | { type: "down" };

export interface Source {
  readyState: number;
  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void;
  onerror: ((event: Event) => void) | null;
  close(): void;
}

export interface Timers {
  now(): number;
  after(ms: number, call: () => void): unknown;
  cancel(handle: unknown): void;
}

export const browserTimers: Timers = {
  now: () => performance.now(),
  after: (ms, call) => setTimeout(call, ms),
  cancel: (handle) => clearTimeout(handle as number),
};

/** A ping comes every 2 s; three missed, and the connection is taken for dead even if it looks open. */
export const SILENCE_MS = 6_500;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 15_000;
const CLOSED = 2;
const KINDS = ["snapshot", "delta", "ping", "end"] as const;

/** Waits of 1, 2, 4, 8, 15 s, each less up to a third so that many browsers do not come back together. */
export function waitMs(attempt: number, random: number): number {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt) * (1 - random / 3);
}

export class Connection {
  private source: Source | null = null;
  private attempt = 0;
  private silence: unknown = null;
  private retry: unknown = null;

  constructor(
    private readonly make: () => Source,
    private readonly deliver: (message: Message) => void,
    private readonly timers: Timers = browserTimers,
    private readonly random: () => number = Math.random,
  ) {}

  open(): void {
    this.close();
    const source = this.make();
    this.source = source;
    for (const kind of KINDS) source.addEventListener(kind, (event) => this.take(source, kind, event.data));
    source.onerror = () => this.failed(source);
    this.listenForSilence();
  }

  close(): void {
    this.timers.cancel(this.silence);
    this.timers.cancel(this.retry);
    this.source?.close();
    this.source = null;
  }

  private take(source: Source, type: (typeof KINDS)[number], data: string): void {
    if (source !== this.source) return;
    this.attempt = 0;
    this.listenForSilence();
    this.deliver({ type, ...(JSON.parse(data) as object) } as Message);
  }

  private failed(source: Source): void {
    if (source !== this.source) return;
    this.deliver({ type: "down" });
    if (source.readyState === CLOSED) this.openLater();
  }

  private listenForSilence(): void {
    this.timers.cancel(this.silence);
    this.silence = this.timers.after(SILENCE_MS, () => {
      this.deliver({ type: "down" });
      this.openLater();
    });
  }

  private openLater(): void {
    this.close();
    this.retry = this.timers.after(waitMs(this.attempt++, this.random()), () => this.open());
  }
}
