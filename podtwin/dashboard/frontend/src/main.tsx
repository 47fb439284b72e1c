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
import { BrokenBanner, Header } from "./ui/header";
import { Help } from "./ui/help";
import { Note } from "./ui/parts";
import { hrefOf, onLink, theme, view } from "./view";

function Page() {
  const { page, site } = view.value;
  return (
    <>
      <Header />
      <BrokenBanner />
      <div class="content">{page === "site" && site ? <SitePage key={site} id={site} /> : page === "fleet" ? <Fleet /> : page === "alerts" ? <AlertsPage /> : <Lost />}</div>
      <Help />
    </>
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
  root.classList.toggle("broken", live.stream.value === "broken");
  document.title = view.value.site ? `${view.value.site} · PodTwin` : view.value.page === "alerts" ? "Alerts · PodTwin" : "PodTwin";
});
exposeTestHook();
listenForKeys();
effect(() => live.watch(view.value.site));
startLive();
const host = document.querySelector("#page");
if (host) render(<Page />, host);
