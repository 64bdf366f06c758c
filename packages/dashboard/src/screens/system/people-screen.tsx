import type { RevocationRequest, RevocationRow, UserRow } from "@fleetcast/protocol";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Ban, Plus, RotateCcw } from "lucide-react";
import { type FormEvent, useState } from "react";
import { toast } from "sonner";
import { ApiError } from "../../api/client.ts";
import { useLive, useServerNow } from "../../hooks.ts";
import { useFormat } from "../../i18n/format.ts";
import { useCodeText, useText } from "../../i18n/use-text.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Field, Input, Select } from "../../ui/field.tsx";
import { Empty, Problem, SystemFrame, Table } from "./system-frame.tsx";
import { UserName } from "./user-name.tsx";

type Kind = RevocationRequest["what"];
const kinds: readonly Kind[] = ["user", "token", "tokens", "machine"];

/** People who sign in, and everybody who is shut out; both can be changed from here, at once. */
export default function PeopleScreen() {
  const t = useText();
  const { api, me } = useLive();
  const users = useQuery({ queryKey: ["users"], queryFn: () => api.users(), staleTime: 0 });
  const revocations = useQuery({ queryKey: ["revocations"], queryFn: () => api.revocations(), staleTime: 0 });
  const [asked, setAsked] = useState<{ readonly what: Kind; readonly subject: string } | null>(null);
  const letIn = useLetIn();
  const shown = revocations.data?.revocations.filter(({ what }) => what !== "session") ?? [];

  return (
    <SystemFrame
      title="system.people"
      actions={
        <Button size="small" onClick={() => setAsked({ what: "user", subject: "" })}>
          <Plus size={14} aria-hidden />
          {t("people.shut_out")}
        </Button>
      }
    >
      <Problem error={users.error ?? revocations.error} onRetry={() => void Promise.all([users.refetch(), revocations.refetch()])} />
      <h2 className="font-semibold">{t("people.users")}</h2>
      {users.data === undefined ? null : (
        <Table
          label={t("people.users")}
          head={[t("people.name"), t("people.role"), t("people.id"), t("people.state"), t("connections.action")]}
        >
          {users.data.users.map((user) => (
            <Person
              key={user.id}
              user={user}
              isMe={user.id === me.id}
              onBlock={() => setAsked({ what: "user", subject: user.id })}
              onLetIn={() => void letIn("user", user.id)}
            />
          ))}
        </Table>
      )}
      <h2 className="mt-2 font-semibold">{t("people.revocations")}</h2>
      {shown.length === 0 ? (
        <Empty>{revocations.isLoading ? t("common.loading") : t("people.revocations.none")}</Empty>
      ) : (
        <Table
          label={t("people.revocations")}
          head={[
            t("people.what"),
            t("people.who"),
            t("people.since"),
            t("people.until"),
            t("people.by"),
            t("people.reason"),
            t("connections.action"),
          ]}
        >
          {shown.map((row) => (
            <Revoked key={`${row.what} ${row.subject}`} row={row} onLetIn={(what) => void letIn(what, row.subject)} />
          ))}
        </Table>
      )}
      {asked === null ? null : <ShutOutDialog first={asked} onClose={() => setAsked(null)} />}
    </SystemFrame>
  );
}

function useLetIn(): (what: Kind, subject: string) => Promise<void> {
  const t = useText();
  const codeText = useCodeText();
  const { api } = useLive();
  const queries = useQueryClient();
  return async (what, subject) => {
    try {
      await api.letIn({ what, subject });
      toast.success(t("people.let_in.done"));
    } catch (error) {
      toast.error(codeText("err", error instanceof ApiError ? error.code : "bad_answer"));
    }
    await Promise.all([queries.invalidateQueries({ queryKey: ["users"] }), queries.invalidateQueries({ queryKey: ["revocations"] })]);
  };
}

function Person({ user, isMe, onBlock, onLetIn }: { user: UserRow; isMe: boolean; onBlock: () => void; onLetIn: () => void }) {
  const t = useText();
  return (
    <tr>
      <td className="font-medium">
        {user.name}
        {isMe ? <span className="ml-2 text-muted text-xs">{t("people.me")}</span> : null}
      </td>
      <td className="whitespace-nowrap">{t(`role.${user.role}`)}</td>
      <td>
        <code className="text-xs">{user.id}</code>
      </td>
      <td className="whitespace-nowrap">
        {user.blocked ? (
          <span className="inline-flex items-center gap-1.5 font-medium text-crit">
            <Ban size={14} aria-hidden />
            {t("people.blocked")}
          </span>
        ) : (
          <span className="text-muted">{t("people.active")}</span>
        )}
      </td>
      <td>
        {isMe ? null : user.blocked ? (
          <Button size="small" onClick={onLetIn} aria-label={t("people.let_in.label", { name: user.name })}>
            <RotateCcw size={14} aria-hidden />
            {t("people.let_in")}
          </Button>
        ) : (
          <Button size="small" onClick={onBlock} aria-label={t("people.block.label", { name: user.name })}>
            <Ban size={14} aria-hidden />
            {t("people.block")}
          </Button>
        )}
      </td>
    </tr>
  );
}

function Revoked({ row, onLetIn }: { row: RevocationRow; onLetIn: (what: Kind) => void }) {
  const t = useText();
  const format = useFormat();
  const now = useServerNow();
  const { what } = row;
  if (what === "session") return null;
  return (
    <tr>
      <td className="whitespace-nowrap">
        {t(`people.kind.${what}`)}
        {row.before_s === null ? null : (
          <span className="block text-muted text-xs">{t("people.before", { moment: format.moment(row.before_s * 1_000, now) })}</span>
        )}
      </td>
      <td className="max-w-72 font-medium">
        <UserName id={row.subject} />
      </td>
      <td className="whitespace-nowrap tabular-nums">{format.moment(Date.parse(row.since), now)}</td>
      <td className="whitespace-nowrap tabular-nums">
        {row.until === null ? t("people.until.ever") : format.moment(Date.parse(row.until), now)}
      </td>
      <td>
        <UserName id={row.by} />
      </td>
      <td className="max-w-72">{row.reason}</td>
      <td>
        <Button size="small" onClick={() => onLetIn(what)} aria-label={t("people.let_in.label", { name: row.subject })}>
          <RotateCcw size={14} aria-hidden />
          {t("people.let_in")}
        </Button>
      </td>
    </tr>
  );
}

const durations = { ever: undefined, hour: 3_600, day: 86_400, week: 604_800 } as const;

function ShutOutDialog({ first, onClose }: { first: { readonly what: Kind; readonly subject: string }; onClose: () => void }) {
  const t = useText();
  const codeText = useCodeText();
  const { api, serverClock } = useLive();
  const queries = useQueryClient();
  const [what, setWhat] = useState(first.what);
  const [subject, setSubject] = useState(first.subject);
  const [reason, setReason] = useState("");
  const [length, setLength] = useState<keyof typeof durations>("ever");
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    const seconds = durations[length];
    try {
      await api.shutOut({
        what,
        subject: subject.trim(),
        ...(reason === "" ? {} : { reason }),
        ...(seconds === undefined ? {} : { expire_at: Math.floor(serverClock.now() / 1_000) + seconds }),
      });
      toast.success(t("people.shut_out.done"));
      onClose();
    } catch (cause) {
      setError(codeText("err", cause instanceof ApiError ? cause.code : "bad_answer"));
      setBusy(false);
    }
    await Promise.all([queries.invalidateQueries({ queryKey: ["users"] }), queries.invalidateQueries({ queryKey: ["revocations"] })]);
  };
  return (
    <Dialog title={t("people.shut_out")} description={t("people.shut_out.text")} onClose={onClose}>
      <form className="grid gap-4" onSubmit={(event) => void submit(event)}>
        <Field label={t("people.what")}>
          {(id) => (
            <Select
              id={id}
              className="w-full"
              value={what}
              onChange={(event) => setWhat(kinds.find((kind) => kind === event.target.value) ?? "user")}
            >
              {kinds.map((kind) => (
                <option key={kind} value={kind}>
                  {t(`people.kind.${kind}`)}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Field label={t(`people.subject.${what}`)} error={error}>
          {(id, describedBy) => (
            <Input id={id} aria-describedby={describedBy} required value={subject} onChange={(event) => setSubject(event.target.value)} />
          )}
        </Field>
        <Field label={t("people.length")}>
          {(id) => (
            <Select
              id={id}
              className="w-full"
              value={length}
              onChange={(event) =>
                setLength((Object.keys(durations) as (keyof typeof durations)[]).find((key) => key === event.target.value) ?? "ever")
              }
            >
              {(Object.keys(durations) as (keyof typeof durations)[]).map((key) => (
                <option key={key} value={key}>
                  {t(`people.length.${key}`)}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Field label={t("people.reason")}>
          {(id) => <Input id={id} maxLength={256} value={reason} onChange={(event) => setReason(event.target.value)} />}
        </Field>
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button look="danger" type="submit" disabled={busy || subject.trim() === ""}>
            {t("people.shut_out")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
