/** Saying that one knows of an alert. The engine applies it; until the alert says so, it is on its way. */

import { useState } from "preact/hooks";

import { post, problemFrom, type Alert, type Problem } from "../api";
import { may } from "../session";
import { HANDLING_WORDS } from "./order";

type Asking = "no" | "sending" | "sent";

export function Acknowledge({ alert }: { alert: Alert }) {
  const [comment, setComment] = useState("");
  const [asking, setAsking] = useState<Asking>("no");
  const [problem, setProblem] = useState<Problem | null>(null);
  if (alert.handling !== "new") {
    return (
      <p class="soft" data-testid="alert-acknowledged">
        {HANDLING_WORDS[alert.handling]} by {alert.handled_by || "somebody"}. It becomes new again when it grows worse.
      </p>
    );
  }
  if (!may("operate")) {
    return (
      <p class="soft" data-testid="alert-read-only">
        Nobody has acknowledged it. Your key allows reading; acknowledging needs one with the scope operate.
      </p>
    );
  }
  const send = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (asking !== "no") return;
    setAsking("sending");
    setProblem(null);
    try {
      await post(`/api/v1/alerts/${alert.id}/ack`, { comment });
      setAsking("sent");
    } catch (error) {
      setProblem(problemFrom(error));
      setAsking("no");
    }
  };
  return (
    <form class="ack" onSubmit={send}>
      <label>
        <span class="hidden">Comment</span>
        <input value={comment} maxLength={1000} placeholder="comment, if any" data-testid="alert-comment" onInput={(event) => setComment(event.currentTarget.value)} />
      </label>
      <button type="submit" data-testid="alert-ack" disabled={asking !== "no"} title="Acknowledge (a)">
        {asking === "no" ? "Acknowledge" : asking === "sending" ? "Sending …" : "Sent, the engine takes it up …"}
      </button>
      {problem && <span class="problem">Not acknowledged: {problem.message}</span>}
    </form>
  );
}
