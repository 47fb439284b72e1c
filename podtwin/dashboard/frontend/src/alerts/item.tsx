/** One alert: a line for a list, and below it, once chosen, all that is known of it. */

import type { Alert } from "../api";
import { age, milliseconds, show, showDifference, utcStamp } from "../format";
import { live } from "../live/client";
import { change, hrefOfAlert, onVisit } from "../view";
import { Acknowledge } from "./ack";
import { Deliveries } from "./deliveries";
import { expectedOf, HANDLING_WORDS, isOpen, lastsS, SEVERITIES, sharesOf, siteNowMs, STATE_WORDS } from "./order";
import { Timeline } from "./timeline";

export function AlertItem({ alert, open, withSite }: { alert: Alert; open: boolean; withSite: boolean }) {
  void live.frame.value;
  const { mark, word } = SEVERITIES[alert.severity];
  const lasts = lastsS(alert, siteNowMs(live.state.sites.get(alert.site), live.nowMs()));
  return (
    <li class={`alert alert-${alert.state} severity-${alert.severity}`} data-testid={`alert-${alert.id}`} data-severity={alert.severity}>
      <button type="button" class="alert-line" aria-expanded={open} onClick={() => change({ alert: open ? null : alert.id })}>
        <span class={isOpen(alert) ? `state state-${alert.severity}` : "state soft"}>
          <span class="mark" aria-hidden="true">
            {isOpen(alert) ? mark : "✓"}
          </span>{" "}
          {word}
        </span>
        <span class="alert-what">
          {withSite && <b>{alert.site}</b>} {alert.text}
        </span>
        <span class="alert-facts">
          <span data-testid="alert-state" data-state={alert.state}>
            {STATE_WORDS[alert.state]}
          </span>
          <span data-testid="alert-handling" data-handling={alert.handling}>
            {(isOpen(alert) || alert.handling !== "new") && HANDLING_WORDS[alert.handling]}
            {alert.handled_by && ` by ${alert.handled_by}`}
          </span>
          <span class="age">{isOpen(alert) ? age(lasts) : `after ${age(lasts)}`}</span>
        </span>
      </button>
      {open && <AlertDetail alert={alert} withSite={withSite} />}
    </li>
  );
}

function AlertDetail({ alert, withSite }: { alert: Alert; withSite: boolean }) {
  return (
    <div class="alert-detail">
      <div class="alert-evidence">
        <Evidence alert={alert} />
        <Shares alert={alert} />
      </div>
      <p class="alert-ways">
        {withSite && (
          <a href={hrefOfAlert(alert)} onClick={onVisit(hrefOfAlert(alert))}>
            Page of {alert.site}
          </a>
        )}
        <a href={withAlert(alert)} onClick={onVisit(withAlert(alert))} data-testid="alert-chart">
          Charts of that time
        </a>
      </p>
      {isOpen(alert) && <Acknowledge alert={alert} />}
      <div class="alert-after">
        <Timeline alert={alert} />
        <Deliveries alert={alert} />
      </div>
    </div>
  );
}

/** The address that the alert itself gives for its charts, with the alert still open there. */
function withAlert(alert: Alert): string {
  const { link } = alert.evidence;
  return `${link}${link.includes("?") ? "&" : "?"}alert=${alert.id}`;
}

function Evidence({ alert }: { alert: Alert }) {
  const { value, unit, residual, suspected, left_s: left } = alert.evidence;
  const expected = expectedOf(alert);
  const since = milliseconds(alert.raised_at);
  const ended = milliseconds(alert.ended_at);
  const compared: [string, string][] = [
    ["expected", withUnit(expected)],
    ["residual", withUnit(showDifference(residual, unit))],
  ];
  const limited: [string, string][] = [
    ["limit", withUnit(expected)],
    ["time to it", age(left)],
  ];
  const rows: [string, string][] = [
    ["point", alert.point || "the whole site"],
    ["measured", withUnit(show(value, unit))],
    ...(left === null ? compared : limited),
    ["since", since === null ? "—" : utcStamp(since)],
    ...(ended === null ? [] : [["until", utcStamp(ended)] as [string, string]]),
    ["suspected", suspected || "—"],
    ["score", `${alert.score.toFixed(1)} of its threshold, ${alert.worst.toFixed(1)} at worst`],
    ["rule", `${alert.rule}: ${alert.title}`],
  ];
  return (
    <dl class="alert-facts-list">
      {rows.map(([name, text]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd data-testid={`alert-${name.replace(/ /g, "-")}`}>{text}</dd>
        </div>
      ))}
    </dl>
  );
}

function withUnit({ text, unit }: { text: string; unit: string }): string {
  return unit ? `${text} ${unit}` : text;
}

/** How much each channel says: a bar in proportion to the largest, with its share in words. */
function Shares({ alert }: { alert: Alert }) {
  const shares = sharesOf(alert);
  if (!shares.length) return null;
  return (
    <section class="shares">
      <h3>What speaks for it</h3>
      <ul>
        {shares.map(({ key, share, length }) => (
          <li key={key} class={key === alert.point ? "own" : undefined}>
            <span>{key}</span>
            <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
              <rect width={Math.max(1, 100 * length)} height="8" />
            </svg>
            <span class="num">{Math.round(100 * share)} %</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

