import { useText } from "../../i18n/use-text.ts";

const example = `mosquitto_pub -h ${location.hostname} -p 1883 -q 1 -u VM-SH-021 \\
  -t vm/VM-SH-021/telemetry -m \\
  '{"id":"VM-SH-021","system":{"voltage":224.2,"door_closed":true},"environment":{"temps":[-18.5]}}'`;

/** An empty fleet says how its first machine gets in. */
export function EmptyFleet() {
  const t = useText();
  return (
    <div className="grid gap-3 rounded-xl border bg-surface p-6">
      <h2 className="font-semibold text-lg">{t("empty.title")}</h2>
      <p className="max-w-prose text-muted">{t("empty.text")}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keyboard */}
      <pre tabIndex={0} className="overflow-x-auto rounded-lg bg-raised p-4 font-mono text-sm">
        {example}
      </pre>
    </div>
  );
}
