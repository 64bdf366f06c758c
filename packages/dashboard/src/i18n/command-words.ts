import { useCallback } from "react";
import { labelOf } from "../commands.ts";
import type { TrackedCommand } from "../live/command-book.ts";
import { useText } from "./use-text.ts";

/** A command in words; the name itself for one that no button here sends. */
export function useCommandWords(): (command: Pick<TrackedCommand, "name" | "params">) => string {
  const t = useText();
  return useCallback(
    ({ name, params }) => {
      if (name === null) return t("command.any");
      const label = labelOf(name, params);
      return label === null ? name : t(label);
    },
    [t],
  );
}
