/** What somebody has to look at, the worst first: open alerts, and sites that are silent. */

import type { Alert, Site } from "../api";
import { attentionOf, HANDLING_WORDS, lastsS, SEVERITIES, siteNowMs } from "../alerts/order";
import { age, milliseconds } from "../format";
import { live } from "../live/client";
import { hrefOf, hrefOfAlert, hrefOfAlerts, onVisit } from "../view";

/** More than this nobody takes in at once. */
export const SHOWN = 5;

interface Entry {
  key: string;
  href: string;
  mark: string;
  state: string;
  site: string;
  text: string;
  ageS: number | null;
  note: string;
}

export function Attention({ sites }: { sites: readonly Site[] }) {
  void live.frame.value;
  const nowMs = live.nowMs();
  const { critical, silent, warning } = attentionOf([...live.state.alerts.values()], sites);
  const entries = [...critical.map((each) => ofAlert(each, nowMs)), ...silent.map((each) => ofSite(each, nowMs)), ...warning.map((each) => ofAlert(each, nowMs))];
  return (
    <section class="attention" aria-label="Needs attention" data-testid="attention">
      <h2>
        Needs attention <small>{entries.length ? "worst first" : ""}</small>
      </h2>
      {!entries.length && <p class="soft">· nothing</p>}
      <ul>
        {entries.slice(0, SHOWN).map(({ key, href, mark, state, site, text, ageS, note }) => (
          <li key={key}>
            <a href={href} onClick={onVisit(href)}>
              <span class={`state state-${state}`}>
                <span class="mark">{mark}</span> {site}
              </span>
              <span class="attention-text">{text}</span>
              <span class="age">
                {age(ageS)} {note}
              </span>
            </a>
          </li>
        ))}
      </ul>
      {entries.length > SHOWN && (
        <a href={hrefOfAlerts()} onClick={onVisit(hrefOfAlerts())}>
          {entries.length - SHOWN} more
        </a>
      )}
    </section>
  );
}

function ofAlert(alert: Alert, nowMs: number): Entry {
  const { mark } = SEVERITIES[alert.severity];
  const ageS = lastsS(alert, siteNowMs(live.state.sites.get(alert.site), nowMs));
  const note = alert.handling === "new" ? "" : HANDLING_WORDS[alert.handling];
  return { key: alert.id, href: hrefOfAlert(alert), mark, state: alert.severity, site: alert.site, text: alert.text, ageS, note };
}

function ofSite(site: Site, nowMs: number): Entry {
  const newest = milliseconds(site.newest_at);
  const ageS = newest === null ? site.age_s : (nowMs - newest) / 1000;
  return { key: `site-${site.id}`, href: hrefOf(site.id), mark: "?", state: "no_data", site: site.id, text: "sends nothing", ageS, note: "" };
}
