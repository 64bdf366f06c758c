// @vitest-environment happy-dom
import type { FleetRow } from "@fleetcast/protocol";
import { act, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { beforeAll, expect, test, vi } from "vitest";
import { fakeLive, renderIn } from "../testing/render.tsx";
import { ApiError } from "./api/client.ts";
import { SessionProvider } from "./hooks.ts";
import { chooseLanguage, startI18n } from "./i18n/i18n.ts";
import { MachineRow } from "./screens/fleet/machine-row.tsx";
import { LoginForm } from "./screens/login/login-form.tsx";
import { CommandButtons } from "./screens/machine/command-buttons.tsx";
import type { Session } from "./session.ts";
import { LinkBar } from "./shell/link-bar.tsx";
import { LinkPill } from "./shell/link-pill.tsx";
import { NoticeBanner } from "./shell/notice-banner.tsx";
import { SignedOutDialog } from "./shell/signed-out-dialog.tsx";

beforeAll(async () => {
  await startI18n();
  chooseLanguage("en");
});

const position = { offset: 1, epoch: "e" };

function goLive(model: ReturnType<typeof fakeLive>["model"]): void {
  model.channelSubscribing("fleet:all");
  model.connected("client-1", "websocket");
  model.channelSubscribed("fleet:all", position, "no");
}

function renderLogin(login: Session["login"]) {
  return render(
    <SessionProvider value={{ login } as Session}>
      <LoginForm />
    </SessionProvider>,
  );
}

function fillLogin(): void {
  fireEvent.change(screen.getByLabelText("Name"), { target: { value: " admin " } });
  fireEvent.change(screen.getByLabelText("Password"), { target: { value: "secret" } });
  fireEvent.click(screen.getByRole("button", { name: "Log in" }));
}

test("a wrong login says only that, and empties the password alone", async () => {
  renderLogin(() => Promise.reject(new ApiError(401, { code: "wrong_login", detail: "" })));
  fillLogin();
  await waitFor(() => expect(screen.getByRole("alert").textContent).toBe("Wrong name or password."));
  expect((screen.getByLabelText("Password") as HTMLInputElement).value).toBe("");
  expect((screen.getByLabelText("Name") as HTMLInputElement).value).toBe(" admin ");
});

test("a throttled login says how to go on", async () => {
  renderLogin(() => Promise.reject(new ApiError(429, { code: "too_many_logins", detail: "" })));
  fillLogin();
  await waitFor(() => expect(screen.getByRole("alert").textContent).toMatch(/wait a minute/));
});

test("a double click logs in once", async () => {
  const login = vi.fn(() => new Promise<void>(() => {}));
  renderLogin(login);
  fillLogin();
  fireEvent.submit(screen.getByRole("button", { name: "Log in" }).closest("form")!);
  expect(login).toHaveBeenCalledTimes(1);
  expect(login).toHaveBeenCalledWith({ name: "admin", password: "secret" });
});

test("a viewer sees no commands at all", () => {
  renderIn(fakeLive("viewer").asLive, {}, <CommandButtons vmId="VM-1" name="One" />);
  expect(screen.queryAllByRole("button")).toEqual([]);
});

test("a command asks first, sends its key once and follows its receipts", async () => {
  const command = {
    cmd_id: "c1",
    vm_id: "VM-1",
    name: "restart",
    params: {},
    user_id: "u_me",
    detail: null,
    created_ms: 1,
    updated_ms: 1,
    expires_ms: 9,
  };
  const sendCommand = vi
    .fn()
    .mockRejectedValueOnce(new ApiError(0, { code: "unreachable", detail: "" }))
    .mockResolvedValue({ commands: [{ ...command, state: "queued" }] });
  const live = fakeLive("operator", { sendCommand });
  renderIn(live.asLive, {}, <CommandButtons vmId="VM-1" name="One" />);
  fireEvent.click(screen.getByRole("button", { name: "Restart" }));
  expect(sendCommand).not.toHaveBeenCalled();
  expect(screen.getByText(/One restarts/)).toBeTruthy();
  fireEvent.click(screen.getByRole("button", { name: "Send" }));
  await screen.findByText(/No answer from the server/);
  fireEvent.click(screen.getByRole("button", { name: "Try again" }));
  await screen.findByLabelText("Progress of the command");
  const [first, second] = sendCommand.mock.calls.map((call) => call[0] as { idempotency_key: string });
  expect(first?.idempotency_key).toMatch(/^[0-9a-f]{32}$/);
  expect(second).toEqual(first);
  act(() => {
    live.commands.receipt({ cmd_id: "c1", vm_id: "VM-1", state: "received", ts: "2026-01-26T14:50:00Z" }, 0);
    live.frames.draw();
  });
  expect(screen.getByRole("status").textContent).toBe("Received");
});

test("a temperature out of range cannot be sent", () => {
  const sendCommand = vi.fn();
  renderIn(fakeLive("admin", { sendCommand }).asLive, {}, <CommandButtons vmId="VM-1" name="One" />);
  fireEvent.click(screen.getByRole("button", { name: "Set temperature" }));
  fireEvent.change(screen.getByLabelText(/Target temperature/), { target: { value: "99" } });
  expect(screen.getByText("A number from -30 to 15")).toBeTruthy();
  expect((screen.getByRole("button", { name: "Send" }) as HTMLButtonElement).disabled).toBe(true);
});

test("the pill tells the state in words, as a status", () => {
  const live = fakeLive();
  renderIn(live.asLive, {}, <LinkPill />);
  expect(screen.getByRole("status").textContent).toBe("Connecting");
  act(() => goLive(live.model));
  expect(screen.getByRole("status").textContent).toBe("Live");
  act(() => {
    live.model.connecting("transport closed");
    live.clock.advance(1_500);
    live.model.tick();
  });
  expect(screen.getByRole("status").textContent).toBe("Reconnecting");
});

test("while reconnecting the bar says since when values are old, and offers another try", () => {
  const live = fakeLive();
  const retry = vi.fn();
  goLive(live.model);
  live.model.connecting("transport closed");
  live.clock.advance(4_000);
  live.model.tick();
  renderIn(Object.assign(live.asLive, { retry }), {}, <LinkBar />);
  expect(screen.getByText(/Values as of \d\d:\d\d:\d\d/)).toBeTruthy();
  fireEvent.click(screen.getByRole("button", { name: "Retry now" }));
  expect(retry).toHaveBeenCalledTimes(1);
});

test("a live connection has no bar", () => {
  const live = fakeLive();
  goLive(live.model);
  const { container } = renderIn(live.asLive, {}, <LinkBar />);
  expect(container.innerHTML).toBe("");
});

test("signed out asks for the password over the page and cannot be closed", () => {
  const live = fakeLive();
  goLive(live.model);
  live.model.signedOut("not_logged_in");
  renderIn(live.asLive, { login: () => Promise.resolve() }, <SignedOutDialog />);
  expect(screen.getByText("Your session has ended. Please log in again.")).toBeTruthy();
  expect((screen.getByLabelText("Name") as HTMLInputElement).value).toBe("admin");
  fireEvent.keyDown(screen.getByRole("dialog"), { key: "Escape" });
  expect(screen.queryByRole("dialog")).not.toBeNull();
  expect(screen.queryByRole("button", { name: "Close" })).toBeNull();
});

test("the document's broadcast stands as an alert until it is dismissed", () => {
  const live = fakeLive();
  live.notices.post({
    id: "n",
    critical: true,
    level: "P0",
    content: "服务器集群将于凌晨 2 点进行系统升级",
    event: null,
    atMs: live.clock.now(),
  });
  renderIn(live.asLive, {}, <NoticeBanner />);
  expect(screen.getByRole("alert").textContent).toContain("服务器集群将于凌晨 2 点进行系统升级");
  fireEvent.click(screen.getByRole("button", { name: "Dismiss" }));
  expect(screen.queryByRole("alert")).toBeNull();
});

const row: FleetRow = {
  vm_id: "VM-1",
  rev: 1,
  name: "静安寺 B1",
  state: "online",
  state_reason: "birth",
  temp_c: -18,
  voltage_v: 220.44,
  door_closed: false,
  worst_alarm: "critical",
  last_seen_ms: Date.UTC(2026, 0, 26, 14, 49, 50),
};

test("a row says everything in words, and goes to its machine", () => {
  const live = fakeLive();
  live.store.replace({ at_ms: 0, totals: { machines: 1, online: 1, offline: 0, in_alarm: 1, vends_today: 0 }, rows: [row] });
  renderIn(live.asLive, {}, <MachineRow vmId="VM-1" index={0} wide />);
  const text = screen.getByRole("row").textContent ?? "";
  for (const words of ["Online", "静安寺 B1", "VM-1", "-18.0", "220.4", "Open", "Critical", "10s ago"]) expect(text).toContain(words);
  expect(screen.getByRole("link").getAttribute("href")).toBe("/machines/VM-1");
});

test("an old value is marked as such", () => {
  const live = fakeLive();
  const totals = { machines: 1, online: 1, offline: 0, in_alarm: 0, vends_today: 0 };
  live.store.replace({ at_ms: 0, totals, rows: [{ ...row, last_seen_ms: live.clock.now() - 89_000 }] });
  renderIn(live.asLive, {}, <MachineRow vmId="VM-1" index={0} wide />);
  expect(screen.queryAllByRole("img", { name: "older than expected" })).toHaveLength(0);
  act(() => {
    live.store.apply({ at_ms: 1, totals, rows: [{ ...row, rev: 2, last_seen_ms: live.clock.now() - 91_000 }], removed: [] });
    live.clock.advance(250);
    live.frames.draw();
  });
  expect(screen.getAllByRole("img", { name: "older than expected" })).toHaveLength(2);
});

test("only the row that changed draws again", async () => {
  const live = fakeLive();
  const totals = { machines: 1, online: 1, offline: 0, in_alarm: 0, vends_today: 0 };
  live.store.replace({ at_ms: 0, totals, rows: [row] });
  renderIn(live.asLive, {}, <MachineRow vmId="VM-1" index={0} wide={false} />);
  act(() => {
    live.store.apply({ at_ms: 1, totals, rows: [{ ...row, rev: 2, temp_c: -11.8 }], removed: [] });
    live.clock.advance(250);
    live.frames.draw();
  });
  await waitFor(() => expect(screen.getByRole("row").textContent).toContain("-11.8"));
});
