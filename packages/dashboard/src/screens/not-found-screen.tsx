import { Link } from "wouter";
import { useText } from "../i18n/use-text.ts";

export default function NotFoundScreen() {
  const t = useText();
  return (
    <div className="grid justify-items-center gap-3 py-24 text-center">
      <h1 className="font-semibold text-xl">{t("notfound.title")}</h1>
      <Link href="/" className="text-accent underline underline-offset-4">
        {t("notfound.back")}
      </Link>
    </div>
  );
}
