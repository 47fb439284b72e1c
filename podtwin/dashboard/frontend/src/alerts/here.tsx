/** The alerts of one site, on its page. */

import { useEffect } from "preact/hooks";

import type { AlertList } from "./list";
import { AlertItem } from "./item";
import { byWorst, isOpen } from "./order";
import { change, onVisit, view } from "../view";

/** Resolved ones below those that are open; the rest is on the page of all alerts. */
const RESOLVED_SHOWN = 3;

export function AlertsHere({ list, site }: { list: AlertList; site: string }) {
  const all = list.alerts.value;
  const picked = view.value.alert;
  const open = all.filter(isOpen).sort(byWorst);
  useFirstOpen(list);
  const resolved = all.filter((alert) => !isOpen(alert));
  const shown = [...open, ...resolved.filter((alert, i) => i < RESOLVED_SHOWN || alert.id === view.value.alert)];
  return (
    <section class="alerts-here" aria-label="Alerts here" data-testid="alerts-here">
      <h2>
        Alerts here <small>{countWords(open.length, resolved.length, list.next.value !== null)}</small>
      </h2>
      {list.problem.value && <p class="problem">The alerts could not be loaded: {list.problem.value.message}</p>}
      {shown.length > 0 && (
        <ul class="alert-list">
          {shown.map((alert) => (
            <AlertItem key={alert.id} alert={alert} open={alert.id === picked} withSite={false} />
          ))}
        </ul>
      )}
      {resolved.length > RESOLVED_SHOWN && (
        <p>
          <a href={`/alerts?site=${site}`} onClick={onVisit(`/alerts?site=${site}`)}>
            All alerts of {site}
          </a>
        </p>
      )}
    </section>
  );
}

/** Who comes to a site at which something is wrong sees what; what begins later unfolds nothing by itself. */
function useFirstOpen(list: AlertList): void {
  const loaded = list.loaded.value;
  useEffect(() => {
    const worst = list.alerts.peek().filter(isOpen).sort(byWorst)[0];
    if (loaded && worst && view.peek().alert === null) change({ alert: worst.id });
  }, [list, loaded]);
}

function countWords(open: number, resolved: number, more: boolean): string {
  return `${open || "none"} open${resolved ? `, ${resolved}${more ? " and more" : ""} resolved` : ""}`;
}
