import assert from "node:assert/strict";
import type { Fleetcast } from "./fleetcast.ts";

/** A signed-in person, speaking `/v1` as the dashboard does: the cookie, and the CSRF header on writes. */
export class Screen {
  #base: string;
  #cookie: string;
  #csrf: string;
  readonly id: string;

  private constructor(base: string, cookie: string, csrf: string, id: string) {
    this.#base = base;
    this.#cookie = cookie;
    this.#csrf = csrf;
    this.id = id;
  }

  static async login(base: string, name: string, password: string): Promise<Screen> {
    const answer = await fetch(`${base}/v1/session`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name, password }),
    });
    const text = await answer.text();
    assert.equal(answer.status, 200, text);
    const me = JSON.parse(text) as { id: string; csrf: string };
    return new Screen(base, (answer.headers.get("set-cookie") ?? "").split(";")[0]!, me.csrf, me.id);
  }

  async get<T>(path: string): Promise<T> {
    const answer = await fetch(`${this.#base}${path}`, { headers: { cookie: this.#cookie } });
    const text = await answer.text();
    assert.equal(answer.status, 200, `${path}: ${answer.status} ${text}`);
    return JSON.parse(text) as T;
  }

  async post(path: string, body: unknown): Promise<{ status: number; body: unknown }> {
    const answer = await fetch(`${this.#base}${path}`, {
      method: "POST",
      headers: { cookie: this.#cookie, "x-fleetcast-csrf": this.#csrf, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === "" ? undefined : JSON.parse(text) };
  }
}

/** Adds a user through the command line, as an operator does, and answers the password it printed. */
export async function addUser(fleetcast: Fleetcast, name: string, role: string): Promise<string> {
  const added = await fleetcast.cli("user", "add", name, "--role", role);
  assert.equal(added.code, 0, added.output);
  const password = added.stdout.match(/password[^\n]*?[:：]\s*(\S+)/i)?.[1];
  assert.ok(password, added.output);
  return password;
}
