import { LoaderCircle } from "lucide-react";
import { type FormEvent, useState } from "react";
import { ApiError } from "../../api/client.ts";
import { useSession } from "../../hooks.ts";
import { useCodeText, useText } from "../../i18n/use-text.ts";
import { Button } from "../../ui/button.tsx";
import { Field, Input } from "../../ui/field.tsx";

/** The same form on the login page and in the dialog over an open page. A refusal never says which of the two was wrong. */
export function LoginForm({ name: knownName }: { name?: string }) {
  const session = useSession();
  const t = useText();
  const codeText = useCodeText();
  const [name, setName] = useState(knownName ?? "");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setProblem(null);
    try {
      await session.login({ name: name.trim(), password });
    } catch (error) {
      setProblem(error instanceof ApiError ? codeText("err", error.code) : t("err.bad_answer"));
      setPassword("");
    } finally {
      setBusy(false);
    }
  };

  return (
    <form onSubmit={(event) => void submit(event)} className="grid gap-4">
      <Field label={t("login.name")}>
        {(id) => (
          <Input
            id={id}
            name="username"
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            required
            value={name}
            onChange={(event) => setName(event.target.value)}
            autoFocus={knownName === undefined}
          />
        )}
      </Field>
      <Field label={t("login.password")} error={problem}>
        {(id, describedBy) => (
          <Input
            id={id}
            name="password"
            type="password"
            autoComplete="current-password"
            required
            value={password}
            aria-invalid={problem !== null}
            aria-describedby={describedBy}
            onChange={(event) => setPassword(event.target.value)}
            autoFocus={knownName !== undefined}
          />
        )}
      </Field>
      <div role="alert" className="sr-only">
        {problem}
      </div>
      <Button type="submit" look="primary" disabled={busy} className="mt-1 w-full">
        {busy ? <LoaderCircle size={16} className="animate-spin" aria-hidden /> : null}
        {t("login.submit")}
      </Button>
    </form>
  );
}
