import { LogOut } from "lucide-react";
import { Popover } from "radix-ui";
import { useState } from "react";
import { toast } from "sonner";
import { useLive, useSession } from "../hooks.ts";
import { useText } from "../i18n/use-text.ts";
import { Avatar } from "../ui/avatar.tsx";
import { Button } from "../ui/button.tsx";
import { LanguageSwitch, ThemeSwitch } from "../ui/preference-switches.tsx";

export function UserMenu() {
  const t = useText();
  const session = useSession();
  const { me } = useLive();
  const [busy, setBusy] = useState(false);
  const logout = async () => {
    setBusy(true);
    try {
      await session.logout();
    } catch {
      // The server did not confirm: the session may still be open, and the person has to know.
      toast.error(t("err.logout"));
      setBusy(false);
    }
  };
  return (
    <Popover.Root>
      <Popover.Trigger className="rounded-full p-1 pointer-coarse:p-2" aria-label={t("me.label", { name: me.name })}>
        <Avatar name={me.name} seed={me.id} size={28} />
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align="end"
          sideOffset={8}
          collisionPadding={12}
          className="float-in z-50 grid w-64 gap-4 rounded-2xl border bg-surface p-4 shadow-float outline-none"
        >
          <div>
            <p className="truncate font-semibold">{me.name}</p>
            <p className="text-muted text-sm">{t(`role.${me.role}`)}</p>
          </div>
          <div className="grid gap-1.5">
            <span className="text-muted text-sm">{t("settings.language")}</span>
            <div>
              <LanguageSwitch />
            </div>
          </div>
          <div className="grid gap-1.5">
            <span className="text-muted text-sm">{t("settings.theme")}</span>
            <div>
              <ThemeSwitch />
            </div>
          </div>
          <Button onClick={() => void logout()} disabled={busy}>
            <LogOut size={16} aria-hidden />
            {t("me.logout")}
          </Button>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
