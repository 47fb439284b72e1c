/**
 * Who looks at the page. On its own machine PodTwin asks for no key; elsewhere the page asks for one and trades it
 * for a cookie that no script can read. So the page knows nothing but the server's answers: 401 means it is out.
 */

import { signal } from "@preact/signals";

import { get, Problem, problemFrom, send, whenRefused } from "./api";

const SCOPES = ["read", "operate", "configure", "admin"] as const;
export type Scope = (typeof SCOPES)[number];

export interface Me {
  name: string;
  how: "local" | "key" | "cookie";
  scope: Scope;
  sites: string[] | null;
  expires_at: string | null;
}

/** `out` until a key is shown; `lost` when what was shown has ended, with the page still there below. */
export type Door = "asking" | "in" | "out" | "lost";

const PATH = "/api/v1/session";
export const door = signal<Door>("asking");
export const me = signal<Me | null>(null);
whenRefused(shut);

/** Asks the server who looks. An answer that is no answer leaves things as they were. */
export async function who(): Promise<void> {
  try {
    enter(await get<Me>(PATH));
  } catch (error) {
    if (!(error instanceof Problem && error.status === 401) && door.peek() === "asking") door.value = "in";
  }
}

/** Shows a key; null when it opened, else why it did not. */
export async function logIn(key: string): Promise<Problem | null> {
  try {
    enter((await send("POST", PATH, { key })) as Me);
    return null;
  } catch (error) {
    return problemFrom(error);
  }
}

export async function logOut(): Promise<void> {
  await send("DELETE", PATH).catch(() => undefined);
  me.value = null;
  door.value = "out";
}

/** Whether what was shown allows this; the server decides anew in any case. */
export function may(scope: Scope): boolean {
  return covers(me.value, scope);
}

/** As `may`, for what concerns all sites. */
export function mayForAll(scope: Scope): boolean {
  return may(scope) && me.value?.sites === null;
}

export function covers(who: Me | null, scope: Scope): boolean {
  return who !== null && SCOPES.indexOf(who.scope) >= SCOPES.indexOf(scope);
}

function enter(found: Me): void {
  me.value = found;
  door.value = "in";
}

function shut(): void {
  if (door.peek() === "in") door.value = "lost";
  else if (door.peek() === "asking") door.value = "out";
}
