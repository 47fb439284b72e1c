/** A list of alerts as the API tells it, kept right by the stream. */

import { signal } from "@preact/signals";

import { get, problemFrom, type Alert, type Problem } from "../api";
import { milliseconds } from "../format";
import { live } from "../live/client";
import type { Message } from "../live/connection";
import type { View } from "../url";
import { byTime, fits, questionOf } from "./order";

interface Page {
  alerts: Alert[];
  next: string | null;
}

export class AlertList {
  readonly alerts = signal<Alert[]>([]);
  readonly problem = signal<Problem | null>(null);
  /** Whether the first answer has come, and where the list goes on. */
  readonly loaded = signal(false);
  readonly next = signal<string | null>(null);
  private readonly known = new Map<string, Alert>();
  private readonly stop: () => void;

  constructor(
    readonly filters: View["filters"],
    readonly limit = 100,
  ) {
    for (const alert of live.state.alerts.values()) this.put(alert);
    this.show();
    this.stop = live.listen((message) => this.take(message));
    void this.load();
  }

  close(): void {
    this.stop();
  }

  async more(): Promise<void> {
    if (this.next.peek() !== null) await this.ask(`&cursor=${this.next.peek()}`);
  }

  private take(message: Message): void {
    if (message.type !== "snapshot" && message.type !== "delta") return;
    // What ended while the stream was away is in no snapshot.
    if (message.type === "snapshot" && this.loaded.peek()) void this.load();
    for (const alert of Object.values(message.alerts ?? {})) this.put(alert);
    if (Object.keys(message.alerts ?? {}).length) this.show();
  }

  private load(): Promise<void> {
    return this.ask("");
  }

  private async ask(rest: string): Promise<void> {
    try {
      const { alerts, next } = await get<Page>(questionOf(this.filters, this.limit) + rest);
      for (const alert of alerts) this.put(alert);
      this.next.value = next;
      this.problem.value = null;
    } catch (error) {
      this.problem.value = problemFrom(error);
    }
    this.loaded.value = true;
    this.show();
  }

  /** The newer of what is known and what is told: an answer may be older than the stream. */
  private put(alert: Alert): void {
    const before = this.known.get(alert.id);
    if (before && (milliseconds(before.changed_at) ?? 0) > (milliseconds(alert.changed_at) ?? 0)) return;
    if (before || fits(alert, { ...this.filters, state: "" })) this.known.set(alert.id, alert);
  }

  private show(): void {
    this.alerts.value = [...this.known.values()].filter((alert) => fits(alert, this.filters)).sort(byTime);
  }
}
