import type { AuditRow } from "@fleetcast/protocol";
import { useInfiniteQuery } from "@tanstack/react-query";
import { RefreshCw } from "lucide-react";
import { useLive, useServerNow } from "../../hooks.ts";
import { useFormat } from "../../i18n/format.ts";
import { useCodeText, useText } from "../../i18n/use-text.ts";
import { Button } from "../../ui/button.tsx";
import { Empty, Problem, SystemFrame, Table } from "./system-frame.tsx";
import { UserName } from "./user-name.tsx";

const pageSize = 50;

/** Who did what, newest first. */
export default function AuditScreen() {
  const t = useText();
  const { api } = useLive();
  const list = useInfiniteQuery({
    queryKey: ["audit"],
    queryFn: ({ pageParam }) => api.audit({ before: pageParam === 0 ? undefined : pageParam, limit: pageSize }),
    initialPageParam: 0,
    getNextPageParam: ({ next }) => next ?? undefined,
    staleTime: 0,
  });
  const rows = list.data?.pages.flatMap(({ entries }) => entries) ?? [];
  return (
    <SystemFrame
      title="system.audit"
      actions={
        <Button size="small" onClick={() => void list.refetch()} disabled={list.isFetching}>
          <RefreshCw size={14} aria-hidden />
          {t("system.renew")}
        </Button>
      }
    >
      <Problem error={list.error} onRetry={() => void list.refetch()} />
      {rows.length === 0 ? (
        <Empty>{list.isLoading ? t("common.loading") : t("audit.none")}</Empty>
      ) : (
        <Table
          label={t("system.audit")}
          head={[t("audit.at"), t("audit.actor"), t("audit.action"), t("audit.target"), t("audit.detail"), t("connections.address")]}
        >
          {rows.map((row) => (
            <Entry key={row.id} row={row} />
          ))}
        </Table>
      )}
      {list.hasNextPage ? (
        <Button size="small" className="justify-self-center" onClick={() => void list.fetchNextPage()} disabled={list.isFetchingNextPage}>
          {t("system.more")}
        </Button>
      ) : null}
    </SystemFrame>
  );
}

function Entry({ row }: { row: AuditRow }) {
  const format = useFormat();
  const codeText = useCodeText();
  const now = useServerNow();
  const detail = Object.entries(row.detail ?? {})
    .filter(([, value]) => value !== null && value !== "")
    .map(([name, value]) => `${name}: ${value}`)
    .join(", ");
  return (
    <tr>
      <td className="whitespace-nowrap tabular-nums">{format.moment(Date.parse(row.at), now)}</td>
      <td>
        <UserName id={row.actor} />
      </td>
      <td className="whitespace-nowrap font-medium">{codeText("deed", row.action)}</td>
      <td className="max-w-56">
        <UserName id={row.target} />
      </td>
      <td className="min-w-40 max-w-80 break-words text-muted text-xs">{detail}</td>
      <td className="whitespace-nowrap">{row.address ?? ""}</td>
    </tr>
  );
}
