import { useLink, useLive } from "../hooks.ts";
import { useText } from "../i18n/use-text.ts";
import { LoginForm } from "../screens/login/login-form.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { useEndWords } from "./end-words.ts";

/** The session ended under an open page: log in over it, so that whatever was typed beneath is still there afterwards. */
export function SignedOutDialog() {
  const t = useText();
  const words = useEndWords();
  const { me } = useLive();
  const link = useLink();
  if (link.state !== "signed-out") return null;
  return (
    <Dialog title={t("signedout.title")} description={words(link.reason ?? "")} dismissible={false} onClose={() => {}}>
      <LoginForm name={me.name} />
    </Dialog>
  );
}
