import { expect, test } from "vitest";
import type { Notice } from "./fleet-events.ts";
import { NoticeBoard } from "./notice-board.ts";

function notice(id: string, atMs: number, critical = false): Notice {
  return { id, critical, level: critical ? "P0" : "P2", content: id, event: null, atMs };
}

function setup(kept: string[] = []) {
  const store = { ids: kept, read: () => store.ids, write: (ids: readonly string[]) => (store.ids = [...ids]) };
  return { store, board: new NoticeBoard(store) };
}

test("critical first, then the newest; each stays until it is dismissed", () => {
  const { board } = setup();
  board.post(notice("old", 1));
  board.post(notice("new", 2));
  board.post(notice("critical", 0, true));
  expect(board.notices.map((item) => item.id)).toEqual(["critical", "new", "old"]);
  expect(board.criticalCount).toBe(1);
  board.dismiss("critical");
  expect(board.criticalCount).toBe(0);
  expect(board.notices).toHaveLength(2);
});

test("the same notice comes once; a dismissed one does not come back, not even after a reload", () => {
  const { board, store } = setup();
  expect(board.post(notice("a", 1))).toBe(true);
  expect(board.post(notice("a", 1))).toBe(false);
  board.dismiss("a");
  expect(board.post(notice("a", 2))).toBe(false);
  const reloaded = new NoticeBoard(store);
  expect(reloaded.post(notice("a", 1))).toBe(false);
  expect(reloaded.notices).toHaveLength(0);
});

test("a repeat of a standing alarm renews it and changes its order", () => {
  const { board } = setup();
  board.post(notice("a", 1));
  expect(board.post(notice("a", 9))).toBe(false);
  expect(board.notices).toEqual([notice("a", 9)]);
});

test("all can be dismissed at once, and listeners hear of each change", () => {
  const { board, store } = setup();
  let heard = 0;
  board.subscribe(() => heard++);
  board.post(notice("a", 1));
  board.post(notice("b", 2));
  board.dismissAll();
  board.dismissAll();
  expect(board.notices).toHaveLength(0);
  expect(heard).toBe(3);
  expect(store.ids).toEqual(["b", "a"]);
});
