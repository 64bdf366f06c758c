import { mayWatch, mayWrite, type People } from "./people.ts";
import { openToken } from "./signed.ts";

/** What the push server asks, with the fields that this backend looks at. */
export interface Question {
  readonly user?: string;
  readonly channel?: string;
  readonly method?: string;
  readonly data?: unknown;
}

/** An answer of the proxy protocol: a result, or what the client hears instead. */
export type Answer =
  | { readonly result: Readonly<Record<string, unknown>> }
  | { readonly error: { readonly code: number; readonly message: string } }
  | { readonly disconnect: { readonly code: number; readonly reason: string } };

/** A right is asked for again after this time, so that one that was taken away ends for certain. Seconds. */
const rightSeconds = 600;

const notYours: Answer = { error: { code: 103, message: "permission denied" } };
const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1_000) + seconds;

/** A page without a token connects with the session cookie of this backend. */
export function connect(people: People, cookie: string | undefined, secret: string): Answer {
  const user = sessionUser(cookie, secret) ?? "";
  const person = people.get(user);
  if (person === undefined || !person.active) return { disconnect: { code: 4501, reason: "sign in first" } };
  return {
    result: {
      user,
      info: { name: person.name, role: person.role },
      // Everybody hears the alarms, without asking for them.
      channels: ["p_alert:global"],
    },
  };
}

/** Who is signed in with this cookie. */
export function sessionUser(cookie: string | undefined, secret: string): string | undefined {
  const session = /(?:^|;\s*)session=([^;]+)/.exec(cookie ?? "")?.[1];
  const claims = session === undefined ? undefined : openToken(session, secret);
  return typeof claims?.["sub"] === "string" ? claims["sub"] : undefined;
}

/** May this user have this channel? */
export function subscribe(people: People, { user = "", channel = "" }: Question): Answer {
  if (!mayWatch(people, user, channel)) return notYours;
  return { result: { expire_at: inSeconds(rightSeconds), info: { role: people.get(user)?.role } } };
}

/** And still? */
export function subRefresh(people: People, { user = "", channel = "" }: Question): Answer {
  return mayWatch(people, user, channel) ? { result: { expire_at: inSeconds(rightSeconds) } } : { result: { expired: true } };
}

/** Notes of technicians go to `events:<machine>`, in the form that every event has, under the writer's name. */
export function publish(people: People, { user = "", channel = "", data }: Question): Answer {
  if (!mayWrite(people, user, channel)) return notYours;
  const text = typeof data === "object" && data !== null && "text" in data ? data.text : undefined;
  if (typeof text !== "string" || text === "" || text.length > 500) return { error: { code: 400, message: "text is missing or too long" } };
  const event = {
    id: channel.slice(channel.indexOf(":") + 1),
    type: "note",
    severity: "info",
    ts: new Date().toISOString(),
    data: { text, by: user },
  };
  return { result: { data: event } };
}

/** Methods that a page calls over its socket. */
export function rpc(people: People, { user = "", method = "" }: Question): Answer {
  if (method !== "machines") return { error: { code: 404, message: "no such method" } };
  return { result: { data: { machines: [...(people.get(user)?.machines ?? [])] } } };
}
