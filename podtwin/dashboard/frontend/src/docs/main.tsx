/** The API page: `/openapi.json` in the look of the page, with a try for what only reads. */

import { effect } from "@preact/signals";
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";

import "../style.css";
import "./docs.css";
import { theme, flipTheme } from "../view";
import { addressOf, operations, type Operation } from "./describe";

/** An answer longer than this is cut: the page shows what comes, a program reads the whole. */
const SHOWN_CHARACTERS = 20_000;

function Docs() {
  const [found, setFound] = useState<Operation[] | null>(null);
  const [problem, setProblem] = useState("");
  const [query, setQuery] = useState("");
  useEffect(() => {
    fetch("/openapi.json")
      .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(`the server answered ${answer.status}`))))
      .then((description: unknown) => setFound(operations(description)))
      .catch((error: unknown) => setProblem(String(error)));
  }, []);
  const shown = (found ?? []).filter((op) => `${op.method} ${op.path} ${op.title}`.toLowerCase().includes(query.toLowerCase()));
  return (
    <>
      <header class="bar">
        <nav>
          <a class="brand" href="/">
            PodTwin
          </a>
          <span class="where">API</span>
        </nav>
        <label class="search">
          <span class="hidden">Search</span>
          <input type="search" placeholder="search paths" value={query} onInput={(event) => setQuery(event.currentTarget.value)} />
        </label>
        <a href="/openapi.json">openapi.json</a>
        <button type="button" class="plain" aria-label="Change theme" onClick={flipTheme}>
          ◐
        </button>
      </header>
      <main class="docs">
        {problem && <p class="problem">/openapi.json could not be read: {problem}</p>}
        <p>
          Errors are <code>application/problem+json</code>. An unknown query parameter is an error (400), so that a typing mistake is not a silent
          default. Times may be relative: <code>now-6h</code>; for a recorded site they count from its newest reading.
        </p>
        {shown.map((op) => (
          <Entry key={`${op.method} ${op.path}`} op={op} />
        ))}
      </main>
    </>
  );
}

function Entry({ op }: { op: Operation }) {
  return (
    <details class="operation">
      <summary>
        <b class="method">{op.method.toUpperCase()}</b> <code>{op.path}</code> <span>{op.title}</span>
      </summary>
      {op.text && <p class="text">{op.text}</p>}
      {op.method === "get" ? <Try op={op} /> : <Fields op={op} />}
      <dl class="responses">
        {op.responses.map((answer) => (
          <div key={answer.status}>
            <dt>{answer.status}</dt>
            <dd>
              {answer.text} <small>{answer.types.join(", ")}</small>
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

function Fields({ op }: { op: Operation }) {
  return (
    <ul>
      {op.fields.map((each) => (
        <li key={each.name}>
          <code>{each.name}</code> <small>{each.type}</small> {each.text}
        </li>
      ))}
    </ul>
  );
}

function Try({ op }: { op: Operation }) {
  const [values, setValues] = useState<Record<string, string>>({});
  const [answer, setAnswer] = useState("");
  const address = addressOf(op, values);
  const streams = op.path.endsWith("/stream");
  const send = async (event: Event): Promise<void> => {
    event.preventDefault();
    setAnswer("…");
    setAnswer(await ask(address));
  };
  return (
    <form onSubmit={(event) => void send(event)}>
      {op.fields
        .filter((each) => each.where === "path" || each.where === "query")
        .map((each) => (
          <label key={each.name}>
            <span>
              <code>{each.name}</code> <small>{each.type}{each.required ? ", required" : ""}</small>
            </span>
            <input
              required={each.required}
              placeholder={each.type.includes("list of") ? "several are separated by spaces" : ""}
              value={values[each.name] ?? ""}
              onInput={(event) => setValues({ ...values, [each.name]: event.currentTarget.value })}
            />
            <small>{each.text}</small>
          </label>
        ))}
      <p class="try">
        {streams ? <span>Streams do not end; read it with</span> : <button type="submit">Try</button>}
        <code>{streams ? `curl -N ${location.origin}${address}` : address}</code>
      </p>
      {answer && <pre>{answer}</pre>}
    </form>
  );
}

async function ask(address: string): Promise<string> {
  try {
    const answer = await fetch(address);
    const body = await answer.text();
    return `${answer.status} ${answer.headers.get("content-type") ?? ""}\n\n${pretty(body).slice(0, SHOWN_CHARACTERS)}`;
  } catch (error) {
    return `No answer: ${String(error)}`;
  }
}

function pretty(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

effect(() => {
  document.documentElement.dataset["theme"] = theme.value;
});
const host = document.querySelector("#page");
if (host) render(<Docs />, host);
