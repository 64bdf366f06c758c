import type { ConnectionRow } from "@fleetcast/protocol";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { Pause, Play, Unplug } from "lucide-react";
import { useState } from "react";
import { toast } from "sonner";
import { useSearchParams } from "wouter";
import { ApiError } from "../../api/client.ts";
import { useLive, useServerNow } from "../../hooks.ts";
import { useFormat } from "../../i18n/format.ts";
import { useCodeText, useText } from "../../i18n/use-text.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Input } from "../../ui/field.tsx";
import { Empty, Problem, SystemFrame, Table } from "./system-frame.tsx";
import { UserName } from "./user-name.tsx";

const renewEveryMs = 3_000;
const pageSize = 50;

/** Who is connected, renewed every three seconds until somebody pauses it; each can be ended from here. */
export default function ConnectionsScreen() {
  const t = useText();
  const format = useFormat();
  const { api } = useLive();
  const [paused, setPaused] = useState(false);
  const [ending, setEnding] = useState<ConnectionRow | null>(null);
  const [parameters, setParameters] = useSearchParams();
  const filter = { user: parameters.get("user") ?? "", channel: parameters.get("channel") ?? "" };
  const set = (name: string, value: string) =>
    setParameters(
      (current) => {
        const next = new URLSearchParams(current);
        if (value === "") next.delete(name);
        else next.set(name, value);
        return next;
      },
      { replace: true },
    );
  const list = useInfiniteQuery({
    queryKey: ["connections", filter],
    queryFn: ({ pageParam }) => api.connections({ ...filter, after: pageParam, limit: pageSize }),
    initialPageParam: "",
    getNextPageParam: ({ next }) => next ?? undefined,
    staleTime: 0,
    refetchInterval: (query) => (paused || query.state.error !== null ? false : renewEveryMs),
  });
  const rows = list.data?.pages.flatMap(({ connections }) => connections) ?? [];
  const total = list.data?.pages[0]?.total;
  const isFiltered = filter.user !== "" || filter.channel !== "";

  return (
    <SystemFrame
      title="system.connections"
      actions={
        <Button size="small" onClick={() => setPaused(!paused)} aria-pressed={paused}>
          {paused ? <Play size={14} aria-hidden /> : <Pause size={14} aria-hidden />}
          {paused ? t("system.resume") : t("system.pause")}
        </Button>
      }
    >
      <search className="grid gap-2 sm:flex sm:flex-wrap sm:items-center">
        <Input
          type="search"
          aria-label={t("system.filter.user")}
          placeholder={t("system.filter.user")}
          defaultValue={filter.user}
          onChange={(event) => set("user", event.target.value.trim())}
          className="sm:w-56"
        />
        <Input
          type="search"
          aria-label={t("system.filter.channel")}
          placeholder={t("system.filter.channel")}
          defaultValue={filter.channel}
          onChange={(event) => set("channel", event.target.value.trim())}
          className="sm:w-64"
        />
        <p role="status" className="text-muted text-sm sm:ml-auto">
          {total === undefined ? null : t("connections.total", { count: format.integer(total), shown: format.integer(rows.length) })}
        </p>
      </search>
      <Problem error={list.error} onRetry={() => void list.refetch()} />
      {rows.length === 0 && list.error === null ? (
        <Empty>{list.isLoading ? t("common.loading") : isFiltered ? t("connections.none.filtered") : t("connections.none")}</Empty>
      ) : null}
      {rows.length === 0 ? null : (
        <Table
          label={t("system.connections")}
          head={[
            t("connections.user"),
            t("connections.client"),
            t("connections.transport"),
            t("connections.channels"),
            t("connections.since"),
            t("connections.queued"),
            t("connections.address"),
            t("connections.action"),
          ]}
        >
          {rows.map((row) => (
            <Row key={row.client} row={row} onEnd={() => setEnding(row)} />
          ))}
        </Table>
      )}
      {list.hasNextPage ? (
        <Button size="small" className="justify-self-center" onClick={() => void list.fetchNextPage()} disabled={list.isFetchingNextPage}>
          {t("system.more")}
        </Button>
      ) : null}
      {ending === null ? null : <EndDialog row={ending} onClose={() => setEnding(null)} />}
    </SystemFrame>
  );
}

function Row({ row, onEnd }: { row: ConnectionRow; onEnd: () => void }) {
  const t = useText();
  const format = useFormat();
  const now = useServerNow();
  const more = row.channel_count - 3;
  return (
    <tr>
      <td className="max-w-56 font-medium">
        <UserName id={row.user} />
      </td>
      <td>
        <code className="text-xs" title={row.client}>
          {row.client.slice(0, 8)}
        </code>
        <span className="block text-muted text-xs">{[row.name, row.version].filter((text) => text !== "").join(" ")}</span>
      </td>
      <td className="whitespace-nowrap">
        {row.transport}
        <span className="block text-muted text-xs">{row.protocol}</span>
      </td>
      <td className="max-w-72" title={row.channels.join("\n")}>
        <span className="tabular-nums">{format.integer(row.channel_count)}</span>
        <span className="block truncate text-muted text-xs">
          {row.channels.slice(0, 3).join(", ")}
          {more > 0 ? t("connections.more", { count: format.integer(more) }) : ""}
        </span>
      </td>
      <td className="whitespace-nowrap tabular-nums">{format.duration(now - Date.parse(row.connected_at))}</td>
      <td className="whitespace-nowrap tabular-nums">{t("connections.bytes", { count: format.integer(row.queued_bytes) })}</td>
      <td className="whitespace-nowrap">{row.address}</td>
      <td>
        <Button size="small" onClick={onEnd} aria-label={t("connections.end.label", { client: row.client.slice(0, 8) })}>
          <Unplug size={14} aria-hidden />
          {t("connections.end")}
        </Button>
      </td>
    </tr>
  );
}

function EndDialog({ row, onClose }: { row: ConnectionRow; onClose: () => void }) {
  const t = useText();
  const codeText = useCodeText();
  const { api } = useLive();
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const end = async (client: string | undefined) => {
    setBusy(true);
    try {
      await api.disconnect({ user: row.user, client });
      toast.success(t("connections.ended"));
      onClose();
      await queries.invalidateQueries({ queryKey: ["connections"] });
    } catch (error) {
      toast.error(codeText("err", error instanceof ApiError ? error.code : "bad_answer"));
      setBusy(false);
    }
  };
  return (
    <Dialog title={t("connections.end.title")} description={t("connections.end.text")} onClose={onClose}>
      <p className="mb-4 rounded-lg bg-raised px-3 py-2 text-sm">
        <UserName id={row.user} /> · <code>{row.client.slice(0, 8)}</code> · {row.address}
      </p>
      <div className="flex flex-wrap justify-end gap-2">
        {row.user === "" ? null : (
          <Button onClick={() => void end(undefined)} disabled={busy}>
            {t("connections.end.all")}
          </Button>
        )}
        <Button look="danger" onClick={() => void end(row.client)} disabled={busy}>
          {t("connections.end")}
        </Button>
      </div>
    </Dialog>
  );
}
