import { expect, test } from "vitest";

import { formatView, pageOf, parseView } from "../src/url";

const parse = (address: string) => {
  const url = new URL(address, "http://localhost");
  return parseView(url.pathname, url.search);
};

test.each([
  "/",
  "/?theme=dark&kiosk=1",
  "/?q=no%20data",
  "/sites/ams-03",
  "/sites/ams-03?range=6h&points=rack-01/it_power,ups-1/mode&charts=pressure",
  "/sites/ams-03?from=2026-11-24T14:00:00.000Z&to=2026-11-24T15:00:00.000Z",
])("the address %s says its view and the view its address", (address) => {
  expect(formatView(parse(address))).toBe(address);
});

test("what the address does not know falls back and does not break the page", () => {
  expect(parse("/sites/ams-03?range=3y&theme=pink")).toMatchObject({ page: "site", range: "1h", theme: null });
  expect(parse("/sites/ams-03?from=yesterday&to=5")).toMatchObject({ from: null, to: null });
  expect(parse("/sites/ams-03?from=9&to=5")).toMatchObject({ from: null, to: null });
});

test("an unknown place is lost and stays where it is", () => {
  expect(parse("/sites/No_Such").page).toBe("lost");
  expect(formatView(parse("/docs?theme=dark"))).toBe("/docs?theme=dark");
});

test("another page keeps what is the viewer's and drops what is the page's", () => {
  const next = pageOf(parse("/sites/ams-03?range=6h&q=fan&points=a/b&theme=dark&kiosk=1"), null);
  expect(formatView(next)).toBe("/?range=6h&theme=dark&kiosk=1");
});
