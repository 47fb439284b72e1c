import { expect, test } from "vitest";

import { covers, type Me, type Scope } from "../src/session";

const SCOPES: Scope[] = ["read", "operate", "configure", "admin"];

function of(scope: Scope): Me {
  return { name: "kim", how: "cookie", scope, sites: null, expires_at: null };
}

test("each scope allows all that stands before it", () => {
  const table = SCOPES.map((mine) => SCOPES.map((needed) => covers(of(mine), needed)));
  expect(table).toEqual(SCOPES.map((_, has) => SCOPES.map((_, needed) => needed <= has)));
});

test("who has shown nothing may do nothing", () => {
  expect(SCOPES.map((scope) => covers(null, scope))).toEqual([false, false, false, false]);
});
