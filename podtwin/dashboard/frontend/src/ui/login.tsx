/** Asks for a key, in plain words; and says who is there once one was shown. */

import { useState } from "preact/hooks";

import { door, logIn, logOut, me } from "../session";

export function Login() {
  const [key, setKey] = useState("");
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState("");
  const lost = door.value === "lost";
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (busy || !key.trim()) return;
    setBusy(true);
    const problem = await logIn(key.trim());
    setBusy(false);
    setKey("");
    setRefused(problem === null ? "" : problem.message);
  };
  return (
    <main class="login" data-testid="login" data-state={door.value}>
      <form class="note" onSubmit={submit}>
        <h2>{lost ? "Your key or session has ended" : "This PodTwin asks for a key"}</h2>
        <p>{lost ? "What you see below is the last that came. Paste a key to go on." : "Paste the key that you were given. This browser then stays logged in until its session ends; the key itself is not kept."}</p>
        <label>
          <span>Key</span>
          <input type="password" name="key" autocomplete="off" autofocus spellcheck={false} maxLength={200} placeholder="ptw_…" value={key} data-testid="login-key" onInput={(event) => setKey(event.currentTarget.value)} />
        </label>
        <button type="submit" disabled={busy} data-testid="login-send">
          {busy ? "Asking …" : "Log in"}
        </button>
        {refused && (
          <p class="problem" role="alert" data-testid="login-refused">
            {refused}
          </p>
        )}
        <p class="soft">
          No key? Whoever runs PodTwin makes one there: <code>podtwin keys add NAME</code>. The first one lies in <code>keys/admin</code> of its data directory.
        </p>
      </form>
    </main>
  );
}

/** Nothing where no key is asked for. */
export function WhoAmI() {
  const who = me.value;
  if (who === null || who.how === "local" || door.value !== "in") return null;
  const sites = who.sites?.join(", ") ?? "all sites";
  return (
    <span class="who" data-testid="who">
      <span title={`${who.scope}, ${sites}`}>
        {who.name} <span class="soft">{who.scope}</span>
      </span>
      {who.how === "cookie" && (
        <button type="button" class="plain" data-testid="log-out" onClick={() => void logOut()}>
          Log out
        </button>
      )}
    </span>
  );
}
