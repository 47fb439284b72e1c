/** The SharedWorker: owns the browser's one stream, so that a twelfth tab still finds a free connection. */

import { Hub, type Tab } from "./hub";

/** What a tab may say to the worker. */
export type Request = { type: "watch"; site: string | null } | { type: "bye" } | { type: "again" };

const scope = self as unknown as { onconnect: ((event: MessageEvent) => void) | null };
const hub = new Hub((path) => new EventSource(path));

scope.onconnect = (event) => {
  const port = event.ports[0];
  if (!port) return;
  const tab: Tab = { site: null, send: (message) => port.postMessage(message) };
  let joined = false;
  port.onmessage = ({ data }: MessageEvent<Request>) => {
    if (data.type === "again") {
      hub.again();
      return;
    }
    if (data.type === "bye") {
      hub.leave(tab);
      joined = false;
      return;
    }
    if (joined) hub.watch(tab, data.site);
    else hub.join(Object.assign(tab, { site: data.site }));
    joined = true;
  };
};
