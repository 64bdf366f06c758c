import { expect, test } from "vitest";
import { Watchers } from "./watchers.ts";

const person = (client: string, user: string, name?: string) => ({ client, user, ...(name === undefined ? {} : { connInfo: { name } }) });

test("oneself first, then by name; a person with several tabs is one", () => {
  const watchers = new Watchers("u_me");
  watchers.loading();
  watchers.loaded([
    person("1", "u_li", "李娜"),
    person("2", "u_me", "me"),
    person("3", "u_a", "Anna"),
    person("4", "u_a", "Anna"),
    person("5", "u_bare"),
  ]);
  expect(watchers.list.map((watcher) => watcher.name)).toEqual(["me", "Anna", "u_bare", "李娜"]);
  expect(watchers.list[0]?.you).toBe(true);
});

test("joins and leaves that overtake the answer win over it", () => {
  const watchers = new Watchers("u_me");
  watchers.loading();
  watchers.join(person("new", "u_new", "new"));
  watchers.leave(person("gone", "u_gone"));
  watchers.loaded([person("gone", "u_gone", "gone"), person("here", "u_here", "here")]);
  expect(watchers.list.map((watcher) => watcher.name)).toEqual(["here", "new"]);
});

test("somebody stays while one of their tabs does", () => {
  const watchers = new Watchers("u_me");
  watchers.loaded([person("1", "u_a", "Anna"), person("2", "u_a", "Anna")]);
  watchers.leave(person("1", "u_a"));
  expect(watchers.list).toHaveLength(1);
  watchers.leave(person("2", "u_a"));
  expect(watchers.list).toHaveLength(0);
});

test("a new answer after a reconnect forgets who left meanwhile", () => {
  const watchers = new Watchers("u_me");
  watchers.loaded([person("1", "u_a", "Anna")]);
  watchers.loading();
  watchers.loaded([person("9", "u_b", "Ben")]);
  expect(watchers.list.map((watcher) => watcher.name)).toEqual(["Ben"]);
});
