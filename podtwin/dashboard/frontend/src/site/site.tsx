/** The page of one site: what it is, its headline, its one-line, its trends, its points. */

import { useEffect, useMemo } from "preact/hooks";

import { AlertsHere } from "../alerts/here";
import { AlertList } from "../alerts/list";
import type { NodeState, Pue, SiteDetail } from "../api";
import { age, grouped, milliseconds, utcStamp, UNKNOWN } from "../format";
import { siteAgeS } from "../fleet/fleet";
import { live } from "../live/client";
import { Note, StateMark, Value } from "../ui/parts";
import { useAsked } from "../ui/asked";
import { hrefOf, onLink } from "../view";
import { SiteData } from "./data";
import { kpisOf, PUE_PERIOD } from "./kpis";
import { airLimits, type AirLimits } from "./limits";
import { OneLine } from "./oneline";
import { PointsTable } from "./table";
import { Trends } from "./trends";

/** What a week of charts can mark. */
const SITE_ALERTS = 100;

export function SitePage({ id }: { id: string }) {
  const data = useMemo(() => new SiteData(id), [id]);
  const alerts = useMemo(() => new AlertList({ site: id }, SITE_ALERTS), [id]);
  useEffect(() => () => (data.close(), alerts.close()), [data, alerts]);
  const detail = data.detail.value;
  if (!detail) return <Unloaded data={data} />;
  const limits = airLimits(detail.limits);
  return (
    <main class="site">
      <Title data={data} detail={detail} />
      {data.problem.value && <p class="problem">The site's description could not be renewed: {data.problem.value.message}</p>}
      <Kpis data={data} detail={detail} limits={limits} />
      <AlertsHere list={alerts} site={id} />
      <div class="overview">
        <OneLine data={data} limits={limits} />
        <Facts data={data} detail={detail} limits={limits} />
      </div>
      <Trends data={data} alerts={alerts} />
      <PointsTable data={data} />
    </main>
  );
}

function Unloaded({ data }: { data: SiteData }) {
  const problem = data.problem.value;
  if (!problem) return <Note title={`Loading ${data.id}`}>{null}</Note>;
  return (
    <main>
      <Note title={problem.status === 404 ? `There is no site ${data.id}` : `The site ${data.id} could not be loaded`}>
        <p>{problem.message}</p>
        <p>
          <a href={hrefOf(null)} onClick={onLink(null)}>
            All sites
          </a>
        </p>
      </Note>
    </main>
  );
}

interface Props {
  data: SiteData;
  detail: SiteDetail;
}

function Title({ data, detail }: Props) {
  void live.frame.value;
  const site = live.state.sites.get(data.id) ?? detail;
  const at = milliseconds(site.site_time_at);
  return (
    <section class="title">
      <h1 data-testid="site-title">{site.name && site.name !== site.id ? `${site.id} · ${site.name}` : site.id}</h1>
      <span>{site.type}</span>
      <StateMark state={site.state} />
      {site.clock === "recorded" ? (
        <span class="recorded">
          recorded, site time <b>{at === null ? UNKNOWN : utcStamp(at)}</b>
        </span>
      ) : (
        <>
          <span>
            data <b>{age(siteAgeS(site))}</b> old
          </span>
          <span>
            <b>{site.local_time ?? UNKNOWN}</b> at the site
          </span>
        </>
      )}
    </section>
  );
}

/** An hour moves by a percent in half a minute. */
const PUE_EVERY_MS = 30_000;

function Kpis({ data, detail, limits }: Props & { limits: AirLimits | null }) {
  void live.frame.value;
  const site = live.state.sites.get(data.id) ?? detail;
  const { answer } = useAsked<{ pue: Pue }>(`/api/v1/sites/${data.id}/kpis?from=now-${PUE_PERIOD}&to=now`, site.clock, PUE_EVERY_MS);
  const kpis = kpisOf(data.points.value, site.summary, limits, (key) => data.current(key), answer?.pue ?? null);
  return (
    <section class="kpis" aria-label="Headline">
      {kpis.map((kpi) => (
        <div key={kpi.name} class={`kpi kpi-${kpi.level}`}>
          <h2>{kpi.label}</h2>
          <Value shown={kpi.shown} ageS={kpi.ageS} quality={kpi.quality} testid={`kpi-${kpi.name}`} />
          <small title={kpi.more}>{kpi.note}</small>
        </div>
      ))}
    </section>
  );
}

/** What does not change each second: nodes, limits, size. */
function Facts({ data, detail, limits }: Props & { limits: AirLimits | null }) {
  void live.frame.value;
  const site = live.state.sites.get(data.id) ?? detail;
  const racks = data.points.value.some((point) => point.point === "inlet_temp");
  const range = (pair: readonly [number, number]): string => `${pair[0]} to ${pair[1]} °C`;
  return (
    <aside class="facts">
      <h2>Nodes</h2>
      {!site.nodes.length && <p>No node has sent yet.</p>}
      <ul>
        {site.nodes.map((node) => (
          <Node key={node.id} node={node} />
        ))}
      </ul>
      {racks && <h2>Inlet air</h2>}
      {racks && limits && (
        <dl>
          <dt>{limits.label}, recommended</dt>
          <dd>{range(limits.recommended)}</dd>
          <dt>allowable</dt>
          <dd>{range(limits.allowable)}</dd>
        </dl>
      )}
      {racks && !limits && (
        <p>
          No class in the site file, so nothing is coloured: add <code>limits: {"{ashrae_class: A2}"}</code>.
        </p>
      )}
      <h2>Twin</h2>
      <p>{data.points.value.some((p) => data.current(`${p.asset}/${p.point}`).twin !== null) ? "dashed lines, ±2 sd shaded" : "no output yet"}</p>
    </aside>
  );
}

const NODE_MARKS = { true: "● online", false: "✕ offline", null: "? unknown" } as const;

function Node({ node }: { node: NodeState }) {
  const at = milliseconds(node.last_recv_at);
  const seconds = at === null ? node.age_s : Math.max(0, (live.nowMs() - at) / 1000);
  return (
    <li>
      <b>{node.id}</b> {NODE_MARKS[`${node.online}`]} <span class="age">heard {seconds === null ? UNKNOWN : `${age(seconds)} ago`}</span>
      {node.backlog > 0 && <small> {grouped(node.backlog, 0)} messages of its past to come</small>}
      {node.dropped > 0 && <small> {grouped(node.dropped, 0)} given up for want of room</small>}
    </li>
  );
}
