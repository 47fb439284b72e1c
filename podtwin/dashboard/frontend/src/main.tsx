/** The page's beginning: one stream, one header, and the page that the address names. */

import { effect } from "@preact/signals";
import { render } from "preact";

import "./style.css";
import "uplot/dist/uPlot.min.css";
import { AlertsPage } from "./alerts/page";
import { Fleet } from "./fleet/fleet";
import { listenForKeys } from "./keyboard";
import { live, startLive } from "./live/client";
import { exposeTestHook } from "./site/testhook";
import { SitePage } from "./site/site";
import { door, who } from "./session";
import { Behind } from "./ui/behind-line";
import { BrokenBanner, Header } from "./ui/header";
import { Help } from "./ui/help";
import { Login } from "./ui/login";
import { Note } from "./ui/parts";
import { hrefOf, onLink, theme, view } from "./view";

function Page() {
  const shut = door.value === "out" || door.value === "lost";
  return (
    <>
      <Header />
      {shut ? <Login /> : <BrokenBanner />}
      {(door.value === "in" || door.value === "lost") && <Content />}
      {door.value === "in" && <Behind />}
      <Help />
    </>
  );
}

function Content() {
  const { page, site } = view.value;
  return (
    <div class="content" inert={door.value === "lost"}>
      {page === "site" && site ? <SitePage key={site} id={site} /> : page === "fleet" ? <Fleet /> : page === "alerts" ? <AlertsPage /> : <Lost />}
    </div>
  );
}

function Lost() {
  return (
    <main>
      <Note title="No such page">
        <p>
          The page knows <a href={hrefOf(null)} onClick={onLink(null)}>the fleet</a>, <code>/alerts</code>, <code>/sites/ID</code> and <a href="/docs">the API</a>.
        </p>
      </Note>
    </main>
  );
}

effect(() => {
  const root = document.documentElement;
  root.dataset["theme"] = theme.value;
  root.classList.toggle("kiosk", view.value.kiosk);
  root.classList.toggle("broken", live.stream.value === "broken" || door.value === "lost");
  document.title = view.value.site ? `${view.value.site} · PodTwin` : view.value.page === "alerts" ? "Alerts · PodTwin" : "PodTwin";
});
exposeTestHook();
listenForKeys();
effect(() => live.watch(view.value.site));
live.listen(({ type }) => {
  // The stream does not say why it broke; and another tab may have logged in.
  if (type === "down" || type === "end" || (type === "snapshot" && door.peek() !== "in")) void who();
});
let running = false;
effect(() => {
  const now = door.value;
  if (running && (now === "in" || now === "out")) live.again();
  else if (now === "in") {
    running = true;
    startLive();
  }
});
void who();
const host = document.querySelector("#page");
if (host) render(<Page />, host);
