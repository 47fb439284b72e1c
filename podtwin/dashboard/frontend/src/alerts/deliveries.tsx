/** Where an alert was sent, what was answered, and sending it once more. */

import { useState } from "preact/hooks";

import { post, problemFrom, type Alert, type Delivery, type Endpoint } from "../api";
import { live } from "../live/client";
import { may, mayForAll } from "../session";
import { useAsked } from "../ui/asked";
import { deliveryWords } from "./words";

/** A message takes a second; the next retry may be an hour away. */
const REFRESH_MS = 4_000;
const SETTLED = ["delivered", "dead"];
const MARKS: Readonly<Record<string, string>> = { delivered: "✓", dead: "✕", retrying: "↻", queued: "…", sending: "…", redelivered: "…" };

export function Deliveries({ alert }: { alert: Alert }) {
  const path = `/api/v1/alerts/${alert.id}/deliveries`;
  const { answer, problem, again } = useAsked<{ deliveries: Delivery[] }>(path, alert.changed_at, REFRESH_MS);
  // Names of endpoints are for who may configure them; others see their ids.
  const { answer: book } = useAsked<{ endpoints: Endpoint[] }>(mayForAll("configure") ? "/api/v1/endpoints" : null, "", 60_000);
  const names = new Map(book?.endpoints.map((each) => [each.id, each.name || hostOf(each.url)]));
  return (
    <section class="deliveries">
      <h3>Deliveries</h3>
      {problem && <p class="problem">{problem.message}</p>}
      {answer && !answer.deliveries.length && (
        <p class="soft">{!book || book.endpoints.length ? "Nobody was told of this one: it is a symptom of an alert that was told first, or it began before the site was live or before there was an endpoint." : <NoEndpoint />}</p>
      )}
      <ul data-testid="alert-deliveries">
        {answer?.deliveries.map((each) => <Row key={each.id} delivery={each} name={names.get(each.endpoint) ?? each.endpoint} again={again} />)}
      </ul>
    </section>
  );
}

function NoEndpoint() {
  return (
    <>
      Nobody is told yet: <code>podtwin endpoints add https://host/path</code>
    </>
  );
}

function Row({ delivery, name, again }: { delivery: Delivery; name: string; again: () => void }) {
  const [refused, setRefused] = useState("");
  const redeliver = (): void => {
    post(`/api/v1/deliveries/${delivery.id}/redeliver`, {}).then(
      () => (setRefused(""), again()),
      (error: unknown) => setRefused(problemFrom(error).message),
    );
  };
  return (
    <li data-testid={`delivery-${delivery.id}`} data-state={delivery.state}>
      <span>
        <span class="mark" aria-hidden="true">
          {MARKS[delivery.state] ?? "?"}
        </span>{" "}
        <b>{name}</b> {delivery.type.replace(/^alert\./, "").replace(/_/g, " ")}: {deliveryWords(delivery, live.nowMs())}
      </span>
      {SETTLED.includes(delivery.state) && may("operate") && (
        <button type="button" onClick={redeliver} data-testid="delivery-redeliver">
          Send again
        </button>
      )}
      {refused && <span class="problem">{refused}</span>}
    </li>
  );
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}
