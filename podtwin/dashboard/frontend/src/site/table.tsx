/** All points of a site, with what each is worth. */

import { useRef } from "preact/hooks";

import type { Point } from "../api";
import { age, show, showDifference } from "../format";
import { flagWords } from "../freshness";
import { live } from "../live/client";
import { Value } from "../ui/parts";
import { useSlice } from "../ui/virtual";
import { change, toggled, view } from "../view";
import { shortId } from "./choose";
import type { SiteData } from "./data";
import { stateWord } from "./oneline";
import { TWIN_ASSET } from "./tracks";

export function PointsTable({ data }: { data: SiteData }) {
  void live.frame.value;
  const { query } = view.value;
  const all = data.points.value;
  const found = all.filter((point) => matches(point, query));
  const body = useRef<HTMLTableSectionElement>(null);
  const { from, to, rowHeight } = useSlice(body, found.length);
  return (
    <section class="points" aria-label="Points">
      <h2>
        Points <small>{found.length === all.length ? all.length : `${found.length} of ${all.length} match “${query}”`}</small>
      </h2>
      <table data-testid="points-table">
        <thead>
          <tr>
            <th scope="col">point</th>
            <th scope="col">value, age, quality</th>
            <th scope="col">twin</th>
            <th scope="col" title="Mean of what was measured within a step of the twin, less what the twin expected of it">residual</th>
            <th scope="col">flags</th>
            <th scope="col">owner</th>
            <th scope="col">chart</th>
          </tr>
        </thead>
        <tbody ref={body}>
          {from > 0 && <tr class="spacer" style={{ height: `${from * rowHeight}px` }} />}
          {found.slice(from, to).map((point) => (
            <Row key={point.id} point={point} data={data} />
          ))}
          {to < found.length && <tr class="spacer" style={{ height: `${(found.length - to) * rowHeight}px` }} />}
        </tbody>
      </table>
    </section>
  );
}

export function matches(point: Point, query: string): boolean {
  const text = `${shortId(point)} ${point.quantity} ${point.class} ${point.owner ?? ""}`.toLowerCase();
  return query.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

function Row({ point, data }: { point: Point; data: SiteData }) {
  const key = shortId(point);
  const now = data.current(key);
  const word = point.kind === "state" ? stateWord(data, key) : null;
  // The twin's own states have no measured side to be compared with.
  const compared = point.asset !== TWIN_ASSET;
  const chosen = view.value.points.includes(key);
  return (
    <tr data-row>
      <th scope="row" data-label="point">
        {key} <small>{point.role === "none" ? point.kind : `${point.kind}, ${point.role}`}</small>
      </th>
      <td data-label="value">
        <Value shown={word ? { text: word, unit: "" } : show(now.v, point.unit)} ageS={now.ageS} quality={now.quality} testid={`value-${key}`} />
      </td>
      <td class="num" data-label="twin">
        {now.twin === null || !compared ? "" : show(now.twin, point.unit).text}
      </td>
      <td class="num" data-label="residual" title={now.residualAgeS === null ? undefined : `of ${age(now.residualAgeS)} ago`}>
        {now.residual === null || !compared ? "" : showDifference(now.residual, point.unit).text}
      </td>
      <td data-label="flags">{flagWords(now.flags).join(", ").replace(/_/g, " ")}</td>
      <td data-label="owner">{point.owner ?? ""}</td>
      <td data-label="chart">
        <button type="button" aria-pressed={chosen} onClick={() => change({ points: toggled(view.value.points, key) })}>
          {chosen ? "− chart" : "+ chart"}
        </button>
      </td>
    </tr>
  );
}
