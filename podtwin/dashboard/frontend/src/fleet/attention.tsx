/** Sites that somebody has to look at, the worst first: with its worst alert, or silent. */

import type { Site } from "../api";
import { attentionOf, HANDLING_WORDS, lastsS, SEVERITIES, siteNowMs, type Trouble } from "../alerts/order";
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
  const byId = new Map(sites.map((site) => [site.id, site]));
  const entries = attentionOf([...live.state.alerts.values()], sites).map((each) => entryOf(each, byId.get(each.site), nowMs));
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

function entryOf({ site: id, worst, others }: Trouble, site: Site | undefined, nowMs: number): Entry {
  const more = others ? `+${others}` : "";
  if (worst) {
    const taken = worst.handling === "new" ? "" : HANDLING_WORDS[worst.handling];
    const note = [taken, more].filter(Boolean).join(", ");
    return { key: id, href: hrefOfAlert(worst), mark: SEVERITIES[worst.severity].mark, state: worst.severity, site: id, text: worst.text, ageS: lastsS(worst, siteNowMs(site, nowMs)), note };
  }
  const newest = milliseconds(site?.newest_at);
  const ageS = newest === null ? null : (nowMs - newest) / 1000;
  return { key: id, href: hrefOf(id), mark: "?", state: "no_data", site: id, text: "sends nothing", ageS, note: more };
}
