/** The bar at the top: where you are, whether the stream lives, what time it is, and the search. */

import { age, utcStamp, utcTime, viewerTime } from "../format";
import { live } from "../live/client";
import { door } from "../session";
import type { View } from "../url";
import { change, flipTheme, helpOpen, hrefOf, hrefOfAlerts, onLink, onVisit, theme, view } from "../view";
import { WhoAmI } from "./login";

const LIVE_WORDS = { connecting: "○ connecting", live: "● live", broken: "✕ broken" } as const;

const SOUGHT: Readonly<Record<View["page"], string>> = { site: "points", fleet: "sites", alerts: "alerts", lost: "sites" };

export function Header() {
  const { site, page, query } = view.value;
  return (
    <header class="bar">
      <nav>
        <a class="brand" href={hrefOf(null)} onClick={onLink(null)}>
          PodTwin
        </a>
        <span class="where">{page === "site" ? site : page === "alerts" ? "Alerts" : "Fleet"}</span>
        {door.value === "in" && <OpenAlerts />}
      </nav>
      <label class="search">
        <span class="hidden">{`Search ${SOUGHT[page]}`}</span>
        <input
          id="search"
          type="search"
          placeholder={`search ${SOUGHT[page]}  /`}
          value={query}
          onInput={(event) => change({ query: event.currentTarget.value })}
        />
      </label>
      <WhoAmI />
      <LiveMark />
      <Clocks />
      <button type="button" class="plain" aria-label={`Theme: ${theme.value}; change`} title="Theme (t)" onClick={flipTheme}>
        ◐
      </button>
      <button type="button" class="plain help-button" aria-label="Help" title="Help (?)" onClick={() => (helpOpen.value = true)}>
        ?
      </button>
    </header>
  );
}

/** How many alerts are open, over all sites; grey while there are none. */
function OpenAlerts() {
  void live.frame.value;
  const count = { critical: 0, warning: 0 };
  for (const site of live.state.sites.values()) {
    count.critical += site.alerts?.critical ?? 0;
    count.warning += site.alerts?.warning ?? 0;
  }
  const { critical, warning } = count;
  const words = `${critical} critical, ${warning} ${warning === 1 ? "warning" : "warnings"}`;
  return (
    <a class="open-alerts" href={hrefOfAlerts()} onClick={onVisit(hrefOfAlerts())} data-testid="header-alerts" aria-label={`Alerts: ${words}`} title={`${words} (g a)`}>
      {critical > 0 && <span class="state state-critical">▲ {critical}</span>}
      {warning > 0 && <span class="state state-warning">■ {warning}</span>}
      <span>{critical + warning ? "open" : "no open"} alerts</span>
    </a>
  );
}

function LiveMark() {
  void live.frame.value;
  const state = live.stream.value;
  return (
    <span class={`live live-${state}`} data-testid="header-live" data-state={state} role="status">
      {LIVE_WORDS[state]} <span class="live-age">{age(live.silentMs() / 1000, true)}</span>
    </span>
  );
}

function Clocks() {
  void live.frame.value;
  const now = live.nowMs();
  return (
    <span class="clocks">
      <span title="Server time">{utcTime(now)}</span> <span class="viewer" title="Your time">{viewerTime(now)}</span>
    </span>
  );
}

/** Says since when nothing has come. The page below it is grey for as long. */
export function BrokenBanner() {
  void live.frame.value;
  if (live.stream.value !== "broken") return null;
  const silent = live.silentMs();
  return (
    <div class="broken-banner" data-testid="stream-broken" role="alert">
      <strong>✕ No data from the server since {utcStamp(live.nowMs() - silent)}</strong> ({age(silent / 1000)}). What you see is the
      last that came. The page reconnects by itself; if it does not, see that <code>podtwin run</code> is still running.
    </div>
  );
}
