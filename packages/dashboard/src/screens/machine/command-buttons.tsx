import { useState } from "react";
import { type CommandDefinition, commandDefinitions } from "../../commands.ts";
import { useLive, useMediaQuery } from "../../hooks.ts";
import { useText } from "../../i18n/use-text.ts";
import { Button } from "../../ui/button.tsx";
import { CommandDialog } from "./command-dialog.tsx";

/** What may be done to the machine. A viewer sees none of it, and the server would refuse it all the same. */
export function CommandButtons({ vmId, name }: { vmId: string; name: string }) {
  const t = useText();
  const { me } = useLive();
  const [open, setOpen] = useState<CommandDefinition | null>(null);
  const narrow = useMediaQuery("(max-width: 639px)");
  if (me.role === "viewer") return null;
  return (
    <>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for the fields of a form */}
      <div role="group" aria-label={t("command.group")} className="flex flex-wrap gap-2 max-sm:grid max-sm:w-full max-sm:grid-cols-2">
        {commandDefinitions.map((definition) => {
          const Icon = definition.icon;
          return (
            <Button
              key={definition.key}
              size={narrow ? "normal" : "small"}
              className="max-sm:last:odd:col-span-2 max-sm:px-2"
              onClick={() => setOpen(definition)}
            >
              <Icon size={15} className="text-muted" aria-hidden />
              {t(definition.label)}
            </Button>
          );
        })}
      </div>
      {open === null ? null : <CommandDialog vmId={vmId} machineName={name} definition={open} onClose={() => setOpen(null)} />}
    </>
  );
}
