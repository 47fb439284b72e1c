/** All alerts, open ones first, filtered by the address. */

import { useEffect, useMemo } from "preact/hooks";

import { live } from "../live/client";
import type { Filter } from "../url";
import { change, view } from "../view";
import { AlertItem } from "./item";
import { AlertList } from "./list";
import { HANDLING_WORDS, isOpen, SEVERITIES, STATE_WORDS } from "./order";

const PAGE = 100;

export function AlertsPage() {
  const { filters, query } = view.value;
  const key = JSON.stringify(filters);
  const list = useMemo(() => new AlertList(filters, PAGE), [key]);
  useEffect(() => () => list.close(), [list]);
  const words = query.toLowerCase().split(/\s+/);
  const alerts = list.alerts.value.filter((alert) => words.every((word) => `${alert.site} ${alert.text} ${alert.title} ${alert.rule} ${alert.point}`.toLowerCase().includes(word)));
  const open = alerts.filter(isOpen).length;
  return (
    <main class="alerts-page">
      <h1 class="hidden">Alerts</h1>
      <Filters list={list} />
      {list.problem.value && <p class="problem">The alerts could not be loaded: {list.problem.value.message}</p>}
      <p class="soft" data-testid="alerts-count">
        {list.loaded.value ? `${open} open, ${alerts.length - open} resolved shown` : "Loading …"}
      </p>
      {alerts.length > 0 && (
        <ul class="alert-list">
          {alerts.map((alert) => (
            <AlertItem key={alert.id} alert={alert} open={alert.id === view.value.alert} withSite />
          ))}
        </ul>
      )}
      {list.loaded.value && !alerts.length && <Nothing filtered={key !== "{}" || query !== ""} />}
      {list.next.value !== null && (
        <button type="button" class="more-alerts" onClick={() => void list.more()}>
          Show {PAGE} more
        </button>
      )}
    </main>
  );
}

function Nothing({ filtered }: { filtered: boolean }) {
  if (filtered) return <p>No alert fits these filters.</p>;
  return (
    <p>
      Nothing was ever wrong. An alert is raised where a site does not do what its twin expects, and by rules of your own: <code>podtwin config schema rules</code>.
    </p>
  );
}

function Filters({ list }: { list: AlertList }) {
  void live.frame.value;
  const sites = [...live.state.sites.keys()].sort();
  const rules = [...new Set(list.alerts.value.map((alert) => alert.rule))].sort();
  const named = (words: Readonly<Record<string, string>>): [string, string][] => Object.entries(words);
  return (
    <div class="toolbar" role="group" aria-label="Filters">
      <Choice name="state" all="open and resolved" options={[["open", "open"], ...named(STATE_WORDS)]} />
      <Choice name="severity" all="any severity" options={named({ critical: `▲ ${SEVERITIES.critical.word}`, warning: `■ ${SEVERITIES.warning.word}` })} />
      <Choice name="site" all="all sites" options={sites.map((id) => [id, id])} />
      <Choice name="rule" all="all rules" options={rules.map((id) => [id, id])} />
      <Choice name="handling" all="any handling" options={named(HANDLING_WORDS)} />
    </div>
  );
}

function Choice({ name, all, options }: { name: Filter; all: string; options: readonly (readonly [string, string])[] }) {
  const value = view.value.filters[name] ?? "";
  const known = options.some(([id]) => id === value) || !value ? options : [...options, [value, value] as const];
  return (
    <label>
      <span class="hidden">{name}</span>
      <select
        value={value}
        data-testid={`filter-${name}`}
        onChange={(event) => {
          const { [name]: _, ...rest } = view.peek().filters;
          const next = event.currentTarget.value;
          change({ filters: next ? { ...rest, [name]: next } : rest, alert: null });
        }}
      >
        <option value="">{all}</option>
        {known.map(([id, word]) => (
          <option key={id} value={id}>
            {word}
          </option>
        ))}
      </select>
    </label>
  );
}
