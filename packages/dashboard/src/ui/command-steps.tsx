import type { CommandState } from "@fleetcast/protocol";
import { Check, CircleX, LoaderCircle } from "lucide-react";
import { useFormat } from "../i18n/format.ts";
import { useText } from "../i18n/use-text.ts";
import { commandPath, hasEnded, type TrackedCommand } from "../live/command-book.ts";
import { classNames } from "./class-names.ts";

/** The way of one command as a line of steps that grows while receipts arrive. `received` comes only from the machine. */
export function CommandSteps({ command }: { command: TrackedCommand }) {
  const t = useText();
  const format = useFormat();
  const steps = stepsOf(command);
  return (
    <div className="grid gap-2">
      <ol className="flex flex-wrap items-start gap-y-2" aria-label={t("command.steps")}>
        {steps.map(({ state, phase }, index) => (
          <li key={state} className="flex min-w-0 items-start" aria-current={phase === "now" ? "step" : undefined}>
            {index === 0 ? null : (
              <span
                aria-hidden
                className={classNames("mx-1.5 mt-[9px] h-0.5 w-3 rounded sm:w-5", phase === "ahead" ? "bg-line" : "bg-accent")}
              />
            )}
            <span className="grid justify-items-center gap-0.5">
              <StepSign state={state} phase={phase} />
              <span
                className={classNames(
                  "whitespace-nowrap text-xs",
                  phase === "ahead" ? "text-muted" : "text-ink",
                  phase === "bad" && "font-medium text-crit",
                )}
              >
                {t(`command.state.${state}`)}
              </span>
              <span className="h-4 text-[11px] text-muted">
                {command.times[state] === undefined ? "" : format.time(command.times[state])}
              </span>
            </span>
          </li>
        ))}
      </ol>
      <p role="status" className="sr-only">
        {t(`command.state.${command.state}`)}
      </p>
      {command.detail === null ? null : <p className="break-words text-muted text-sm">{command.detail}</p>}
    </div>
  );
}

type StepPhase = "past" | "now" | "ahead" | "bad";

/** A command that ended badly shows the steps it made, and its end in place of those it never will make. */
export function stepsOf(command: Pick<TrackedCommand, "state" | "times">): { state: CommandState; phase: StepPhase }[] {
  if (hasEnded(command.state) && command.state !== "done") {
    const made = commandPath.filter((state) => state !== "done" && command.times[state] !== undefined);
    return [...made.map((state) => ({ state, phase: "past" as const })), { state: command.state, phase: "bad" }];
  }
  const reached = commandPath.indexOf(command.state);
  return commandPath.map((state, index) => ({
    state,
    phase: index < reached || command.state === "done" ? "past" : index === reached ? "now" : "ahead",
  }));
}

function StepSign({ state, phase }: { state: CommandState; phase: StepPhase }) {
  if (phase === "bad") return <CircleX size={20} className="text-crit" aria-hidden />;
  if (phase === "now") return <LoaderCircle size={20} className="animate-spin text-accent" aria-hidden />;
  if (phase === "ahead") return <span aria-hidden className="my-[5px] size-2.5 rounded-full border-2 border-line" />;
  return (
    <span
      aria-hidden
      className={classNames("grid size-5 place-items-center rounded-full text-bg", state === "done" ? "bg-ok" : "bg-accent")}
    >
      <Check size={13} strokeWidth={3} />
    </span>
  );
}
