import { useCallback } from "react";
import { useCodeText, useText } from "../i18n/use-text.ts";

/** Why the connection was ended, in words: a code of the API (`not_logged_in`), or a disconnect code with its reason (`3503 force disconnect`). */
export function useEndWords(): (reason: string) => string {
  const t = useText();
  const codeText = useCodeText();
  return useCallback(
    (reason) => {
      const code = /^\d+/.exec(reason)?.[0];
      if (code === undefined) return codeText("err", reason);
      const words = codeText("disconnect", code);
      return words === code ? t("disconnect.other", { detail: reason }) : words;
    },
    [t, codeText],
  );
}
