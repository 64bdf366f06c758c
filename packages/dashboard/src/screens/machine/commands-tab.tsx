import { useQuery } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";
import { useLive, useServerNow } from "../../hooks.ts";
import { useCommandWords } from "../../i18n/command-words.ts";
import { useFormat } from "../../i18n/format.ts";
import { useText } from "../../i18n/use-text.ts";
import { CommandSteps } from "../../ui/command-steps.tsx";

const commandsMax = 50;

/** Read by REST first, then kept current by the receipts. */
export function CommandsTab({ vmId }: { vmId: string }) {
  const t = useText();
  const format = useFormat();
  const words = useCommandWords();
  const { api, commands } = useLive();
  const now = useServerNow();
  const stored = useQuery({ queryKey: ["commands", vmId], queryFn: () => api.commands({ vmId, limit: commandsMax }), staleTime: 0 });
  useSyncExternalStore(commands.subscribe, () => commands.version);
  useEffect(() => {
    for (const command of stored.data?.commands ?? []) commands.take(command);
  }, [stored.data, commands]);
  const list = commands.ofMachine(vmId).slice(0, commandsMax);

  if (list.length === 0) {
    return (
      <p className="px-4 py-10 text-center text-muted">
        {stored.isPending ? t("common.loading") : stored.isError ? t("command.failed") : t("command.none")}
      </p>
    );
  }
  return (
    <ol className="divide-y">
      {list.map((command) => (
        <li key={command.cmdId} className="flex flex-wrap items-start gap-x-6 gap-y-2 px-4 py-3">
          <div className="w-44 min-w-0">
            <p className="font-medium">{words(command)}</p>
            <p className="text-muted text-sm">{format.moment(command.createdMs, now)}</p>
            {Object.keys(command.params).length === 0 ? null : (
              <p className="truncate font-mono text-muted text-xs">{JSON.stringify(command.params)}</p>
            )}
          </div>
          <CommandSteps command={command} />
        </li>
      ))}
    </ol>
  );
}
