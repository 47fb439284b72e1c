/** The fleet: each site a row, in the order of their ids so that nothing moves under the pointer. */

import { useRef } from "preact/hooks";

import type { Site, SiteState } from "../api";
import { age, grouped, milliseconds, show, UNKNOWN, utcStamp } from "../format";
import { live } from "../live/client";
import { RECOMMENDED_MAX_C } from "../site/limits";
import { Note, StateMark, STATES } from "../ui/parts";
import { useSlice } from "../ui/virtual";
import { hrefOf, onLink, view } from "../view";
import { Attention } from "./attention";
import { sparkOf, sparkPath, wantSpark } from "./sparks";

const SPARK = { width: 120, height: 28 } as const;
const COLUMNS = ["state", "site", "IT kW", "facility kW", "PUE inst.", "inlet max", "outdoor", "data age", "site time", "power, 1 h"] as const;

export function Fleet() {
  void live.frame.value;
  const sites = [...live.state.sites.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  const { query } = view.value;
  const found = query ? sites.filter((site) => matches(site, query)) : sites;
  if (!sites.length) return live.state.serverNowMs === null ? <Note title="Waiting for the server">{null}</Note> : <NoSites />;
  return (
    <main class="fleet">
      <Counts sites={sites} />
      <Attention sites={sites} />
      <Rows sites={found} />
      {!found.length && (
        <Note title={`No site matches “${query}”`}>
          <p>The search looks at id, name, type, group and state. Press Esc to clear it.</p>
        </Note>
      )}
    </main>
  );
}

export function matches(site: Site, query: string): boolean {
  const text = `${site.id} ${site.name ?? ""} ${site.type} ${site.group ?? ""} ${STATES[site.state]?.word ?? site.state}`.toLowerCase();
  return query.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

function Counts({ sites }: { sites: Site[] }) {
  const states = Object.keys(STATES) as SiteState[];
  const both = sites.filter((s) => s.clock === "live" && s.summary.it_power_w && s.summary.facility_power_w !== null);
  const it = both.reduce((sum, s) => sum + (s.summary.it_power_w ?? 0), 0);
  const facility = both.reduce((sum, s) => sum + (s.summary.facility_power_w ?? 0), 0);
  return (
    <section class="counts" aria-label="Sites per state">
      <span>
        <b>{sites.length}</b> {sites.length === 1 ? "site" : "sites"}
      </span>
      {states.map((state) => (
        <span key={state} class={sites.some((s) => s.state === state) ? `state state-${state}` : "state soft"}>
          <span class="mark" aria-hidden="true">
            {STATES[state].mark}
          </span>
          <b>{sites.filter((s) => s.state === state).length}</b> {STATES[state].word}
        </span>
      ))}
      <span class="fleet-pue" title="Sum of facility meters over sum of rack meters, at this instant, of the live sites that have both">
        PUE <b>{it > 0 ? grouped(facility / it, 2) : UNKNOWN}</b> <small>instantaneous, {both.length} of {sites.length} sites</small>
      </span>
    </section>
  );
}

function Rows({ sites }: { sites: Site[] }) {
  const body = useRef<HTMLTableSectionElement>(null);
  const { from, to, rowHeight } = useSlice(body, sites.length);
  return (
    <table class="fleet-table">
      <thead>
        <tr>
          {COLUMNS.map((name) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody ref={body}>
        {from > 0 && <tr class="spacer" style={{ height: `${from * rowHeight}px` }} />}
        {sites.slice(from, to).map((site) => (
          <Row key={site.id} site={site} />
        ))}
        {to < sites.length && <tr class="spacer" style={{ height: `${(sites.length - to) * rowHeight}px` }} />}
      </tbody>
    </table>
  );
}

function Row({ site }: { site: Site }) {
  void live.frame.value;
  const { summary } = site;
  const stale = site.state === "no_data" ? "num stale" : "num";
  const hot = summary.inlet_max_c !== null && summary.inlet_max_c > RECOMMENDED_MAX_C;
  wantSpark(site);
  return (
    <tr data-row data-testid={`fleet-row-${site.id}`} class={`row-${site.state}`} onClick={onLink(site.id)}>
      <td data-label="state">
        <StateMark state={site.state} />
        <small class="open-count">{countWords(site)}</small>
      </td>
      <th scope="row" data-label="site">
        <a href={hrefOf(site.id)} onClick={onLink(site.id)}>
          {site.id}
        </a>
        <small>{site.name && site.name !== site.id ? `${site.name}, ${site.type}` : site.type}</small>
      </th>
      <td class={stale} data-label="IT kW">
        {show(summary.it_power_w, "W").text}
      </td>
      <td class={stale} data-label="facility kW">
        {show(summary.facility_power_w, "W").text}
      </td>
      <td class={stale} data-label="PUE inst." title={PUE_NOTE}>
        {summary.pue === null ? UNKNOWN : grouped(summary.pue, 2)}
      </td>
      <td class={hot ? `${stale} warning` : stale} data-label="inlet max" title={hot ? `above the recommended ${RECOMMENDED_MAX_C} °C` : undefined}>
        {hot && <span class="mark">■ </span>}
        {degrees(summary.inlet_max_c)}
      </td>
      <td class={`${stale} outdoor`} data-label="outdoor">
        {degrees(summary.outdoor_c)}
      </td>
      <td class={stale} data-label="data age">
        {age(siteAgeS(site))}
      </td>
      <td class="when" data-label="site time">
        <SiteTime site={site} />
      </td>
      <td class="spark" data-label="power, 1 h">
        <SparkLine site={site} />
      </td>
    </tr>
  );
}

/** Only what the mark does not say: more than one alert, or one below a mark that says something else. */
function countWords({ alerts, state }: Site): string {
  const { critical = 0, warning = 0 } = alerts ?? {};
  if (critical + warning === 0 || (critical + warning === 1 && (state === "critical" || state === "warning"))) return "";
  return [critical && `▲${critical}`, warning && `■${warning}`].filter(Boolean).join(" ");
}

const PUE_NOTE = "Instantaneous: facility meter over the sum of rack meters at this moment, not the yearly figure of the standard";

function degrees(celsius: number | null): string {
  const { text, unit } = show(celsius, "Cel");
  return text === UNKNOWN ? text : `${text} ${unit}`;
}

/** Counted on between messages; while a recording plays, time stands at its newest reading. */
export function siteAgeS(site: Site): number | null {
  const newest = milliseconds(site.newest_at);
  if (newest === null) return null;
  const now = site.clock === "recorded" ? milliseconds(site.site_time_at) : live.nowMs();
  return now === null ? site.age_s : Math.max(0, (now - newest) / 1000);
}

function SiteTime({ site }: { site: Site }) {
  if (site.clock !== "recorded") return <>{site.local_time ?? UNKNOWN}</>;
  const at = milliseconds(site.site_time_at);
  return <span class="recorded">recorded {at === null ? "" : utcStamp(at).slice(0, 16)}Z</span>;
}

function SparkLine({ site }: { site: Site }) {
  void live.frame.value;
  const spark = sparkOf(site);
  if (!spark) return <>{UNKNOWN}</>;
  return (
    <svg viewBox={`0 0 ${SPARK.width} ${SPARK.height}`} role="img" aria-label={`${spark.label} power over the last hour`}>
      <path d={sparkPath(spark, SPARK.width, SPARK.height)} />
    </svg>
  );
}

function NoSites() {
  return (
    <main>
      <Note title="No sites yet">
        <p>A site appears with its first reading. Nothing to configure; choose one:</p>
        <p>Three simulated modules, with a fault after a minute:</p>
        <pre>podtwin demo --sites 3 --fault compressor-trip@60s</pre>
        <p>Any CSV or Parquet file:</p>
        <pre>podtwin publish power.csv --site lab-01 --node gw-1 --time timestamp --map power_w=meter-main/power:W</pre>
        <p>By hand, from any machine with an MQTT client:</p>
        <pre>{`mosquitto_pub -q 1 -t podtwin/v1/lab-01/gw-1/telemetry -m '{"v":1,"m":{"meter-main/power":8123.0}}'`}</pre>
        <p>
          A site with racks, cooling and a twin is described in a file: <code>podtwin config schema site</code>.
        </p>
      </Note>
    </main>
  );
}
