/** One stream for many tabs: keeps its state, and gives each tab what its page needs. */

import { browserTimers, Connection, type Message, type Source, type Timers } from "./connection";
import { applyDelta, applySnapshot, asSnapshot, emptyState, forSite } from "./reduce";

export interface Tab {
  site: string | null;
  send(message: Message): void;
}

export const STREAM_PATH = "/api/v1/stream";

export class Hub {
  private readonly state = emptyState();
  private readonly tabs = new Set<Tab>();
  private readonly connection: Connection;
  private withValues = false;
  private opened = false;
  private heardAt = 0;

  constructor(
    makeSource: (path: string) => Source,
    private readonly timers: Timers = browserTimers,
  ) {
    this.connection = new Connection(
      () => makeSource(`${STREAM_PATH}?kinds=${this.withValues ? "sites,values,alerts" : "sites,alerts"}`),
      (message) => this.take(message),
      timers,
    );
  }

  join(tab: Tab): void {
    this.tabs.add(tab);
    this.watch(tab, tab.site);
  }

  leave(tab: Tab): void {
    this.tabs.delete(tab);
  }

  /** Turns a tab to a site. The stream is widened to values at the first need of them, and stays wide. */
  watch(tab: Tab, site: string | null): void {
    tab.site = site;
    const widen = site !== null && !this.withValues;
    this.withValues ||= widen;
    if (widen || !this.opened) this.connection.open();
    else if (this.state.serverNowMs !== null) tab.send(this.memory(site));
    this.opened = true;
  }

  /** Forgets all and asks anew: another key may see other sites. */
  again(): void {
    applySnapshot(this.state, { now_ms: 0 });
    this.state.serverNowMs = null;
    if (this.opened) this.connection.open();
  }

  private memory(site: string | null): Message {
    return { type: "snapshot", silent_ms: this.timers.now() - this.heardAt, ...asSnapshot(this.state, site) };
  }

  private take(message: Message): void {
    if (message.type !== "down") this.heardAt = this.timers.now();
    if (message.type === "snapshot") applySnapshot(this.state, message);
    else if (message.type === "delta") applyDelta(this.state, message);
    else if (message.type === "ping") this.state.serverNowMs = message.now_ms;
    for (const tab of this.tabs) tab.send(cut(message, tab.site));
  }
}

function cut(message: Message, site: string | null): Message {
  if (message.type !== "snapshot" && message.type !== "delta") return message;
  return { type: message.type, ...forSite(message, site) };
}
