import { useQuery } from "@tanstack/react-query";
import { useLive } from "../../hooks.ts";
import { useText } from "../../i18n/use-text.ts";

/** Ours by name, with the id behind it; anybody else as their own backend calls them. */
export function UserName({ id }: { id: string }) {
  const t = useText();
  const { api } = useLive();
  const { data } = useQuery({ queryKey: ["users"], queryFn: () => api.users() });
  if (id === "") return <span className="text-muted">{t("system.anonymous")}</span>;
  const name = data?.users.find((user) => user.id === id)?.name;
  if (name === undefined) return <span className="break-all">{id}</span>;
  return (
    <span title={id} className="break-all">
      {name}
    </span>
  );
}
