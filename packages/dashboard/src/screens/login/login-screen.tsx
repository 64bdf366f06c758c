import { useText } from "../../i18n/use-text.ts";
import { Logo } from "../../ui/logo.tsx";
import { LanguageSwitch, ThemeSwitch } from "../../ui/preference-switches.tsx";
import { LoginForm } from "./login-form.tsx";

export function LoginScreen() {
  const t = useText();
  return (
    <div className="flex min-h-dvh flex-col">
      <div className="flex justify-end gap-2 p-4">
        <ThemeSwitch />
        <LanguageSwitch />
      </div>
      <main className="grid flex-1 place-items-center px-4 pb-[14vh]">
        <div className="w-full max-w-[360px]">
          <div className="mb-6 flex items-center gap-3">
            <Logo className="size-11" />
            <div>
              <h1 className="font-semibold text-xl leading-tight">{t("login.title")}</h1>
              <p className="text-muted text-sm">{t("login.subtitle")}</p>
            </div>
          </div>
          <div className="rounded-2xl border bg-surface p-6 shadow-float">
            <LoginForm />
          </div>
          <p className="mt-4 px-1 text-muted text-sm">{t("login.hint")}</p>
        </div>
      </main>
    </div>
  );
}
