import type { TraceKind } from "@fleetcast/protocol";
import { Play, Square } from "lucide-react";
import { type FormEvent, useState } from "react";
import { useSearchParams } from "wouter";
import { useFormat } from "../../i18n/format.ts";
import { useCodeText, useText } from "../../i18n/use-text.ts";
import { Button } from "../../ui/button.tsx";
import { classNames } from "../../ui/class-names.ts";
import { Input, Select } from "../../ui/field.tsx";
import { Empty, Problem, SystemFrame } from "./system-frame.tsx";
import { type NumberedStep, useTrace } from "./use-trace.ts";

const kinds: readonly TraceKind[] = ["machine", "channel", "user"];
const bad: ReadonlySet<string> = new Set(["error", "disconnect", "failed"]);

/** One machine, channel or user, step by step, while it happens. */
export default function TraceScreen() {
  const t = useText();
  const view = useTrace();
  const [parameters] = useSearchParams();
  const [kind, setKind] = useState<TraceKind>(kinds.find((each) => each === parameters.get("kind")) ?? "machine");
  const [subject, setSubject] = useState(parameters.get("subject") ?? "");
  const [payloads, setPayloads] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setError(null);
    view.start({ kind, subject: subject.trim(), payloads }).catch(setError);
  };
  return (
    <SystemFrame title="system.trace">
      <form className="grid gap-2 sm:flex sm:flex-wrap sm:items-center" onSubmit={submit}>
        <Select
          aria-label={t("trace.kind")}
          value={kind}
          disabled={view.running}
          onChange={(event) => setKind(kinds.find((each) => each === event.target.value) ?? "machine")}
        >
          {kinds.map((each) => (
            <option key={each} value={each}>
              {t(`trace.kind.${each}`)}
            </option>
          ))}
        </Select>
        <Input
          aria-label={t(`trace.subject.${kind}`)}
          placeholder={t(`trace.subject.${kind}`)}
          value={subject}
          required
          disabled={view.running}
          onChange={(event) => setSubject(event.target.value)}
          className="sm:w-72"
        />
        <label className="inline-flex h-9 items-center gap-2 pointer-coarse:h-11">
          <input
            type="checkbox"
            className="size-4 accent-accent"
            checked={payloads}
            disabled={view.running}
            onChange={(event) => setPayloads(event.target.checked)}
          />
          {t("trace.payloads")}
        </label>
        {/* Keys: one element that turned from "stop" into "start" under a click would submit the form at once. */}
        {view.running ? (
          <Button key="stop" onClick={view.stop}>
            <Square size={14} aria-hidden />
            {t("trace.stop")}
          </Button>
        ) : (
          <Button key="start" look="primary" type="submit" disabled={subject.trim() === ""}>
            <Play size={14} aria-hidden />
            {t("trace.start")}
          </Button>
        )}
        <p role="status" className="text-muted text-sm sm:ml-auto">
          {view.trace === null ? null : view.running ? t("trace.running", { subject: view.trace.subject }) : t("trace.ended")}
          {view.dropped > 0 ? t("trace.dropped", { count: view.dropped }) : null}
        </p>
      </form>
      <Problem error={error} />
      {view.steps.length === 0 ? (
        <Empty>{view.running ? t("trace.waiting") : t("trace.intro")}</Empty>
      ) : (
        <ol role="log" aria-label={t("system.trace")} className="overflow-hidden rounded-xl border bg-surface [&>li:last-child]:border-0">
          {view.steps.map((step) => (
            <Step key={step.number} step={step} />
          ))}
        </ol>
      )}
    </SystemFrame>
  );
}

function Step({ step }: { step: NumberedStep }) {
  const t = useText();
  const format = useFormat();
  const codeText = useCodeText();
  const { fields } = step;
  const isBad = bad.has(String(fields["answer"])) || step.step === "mqtt_refused" || step.step === "not_acknowledged";
  const about = [step.machine, step.user, step.channel].filter((text) => text !== undefined && text !== "");
  const size = step.size_bytes === undefined ? [] : [t("connections.bytes", { count: format.integer(step.size_bytes) })];
  const told = [...Object.entries(fields).map(([name, value]) => `${name} ${value}`), ...size];
  const fraction = String(step.at_ms % 1_000).padStart(3, "0");
  return (
    <li className="grid gap-x-4 gap-y-0.5 border-b px-4 py-2 text-sm sm:grid-cols-[7.5rem_9rem_minmax(0,1fr)]">
      <span className="text-muted tabular-nums">
        {format.time(step.at_ms)}.{fraction}
      </span>
      <span className={classNames("font-medium", isBad ? "text-crit" : "text-ink")}>
        {isBad ? "! " : ""}
        {codeText("step", step.step)}
      </span>
      <span className="min-w-0 break-words">
        {about.join(" · ")}
        <span className="block text-muted text-xs">{told.join(" · ")}</span>
        {step.payload === undefined ? null : (
          <code className="mt-1 block break-all rounded-lg bg-raised px-2 py-1 text-xs">{step.payload}</code>
        )}
      </span>
    </li>
  );
}
