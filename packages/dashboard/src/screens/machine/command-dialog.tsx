import { LoaderCircle } from "lucide-react";
import { useState, useSyncExternalStore } from "react";
import { ApiError } from "../../api/client.ts";
import type { CommandDefinition } from "../../commands.ts";
import { useLive } from "../../hooks.ts";
import { useCodeText, useText } from "../../i18n/use-text.ts";
import { randomId } from "../../random-id.ts";
import { Button } from "../../ui/button.tsx";
import { CommandSteps } from "../../ui/command-steps.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Field, Input } from "../../ui/field.tsx";

interface CommandDialogProps {
  readonly vmId: string;
  readonly machineName: string;
  readonly definition: CommandDefinition;
  readonly onClose: () => void;
}

const ttlSeconds = 60;

/**
 * One dialog, one command: its idempotency key is made when it opens, so a double click or another try after a lost answer
 * never sends twice. Afterwards it shows how far the machine has come.
 */
export function CommandDialog({ vmId, machineName, definition, onClose }: CommandDialogProps) {
  const t = useText();
  const codeText = useCodeText();
  const { api, commands } = useLive();
  const [idempotencyKey] = useState(randomId);
  const [number, setNumber] = useState(String(definition.number?.standard ?? ""));
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [cmdId, setCmdId] = useState<string | null>(null);
  useSyncExternalStore(commands.subscribe, () => commands.version);
  const tracked = cmdId === null ? undefined : commands.get(cmdId);
  const value = Number(number);
  const range = definition.number;
  const valid = range === null || (number !== "" && Number.isFinite(value) && value >= range.min && value <= range.max);

  const send = async () => {
    if (busy || !valid) return;
    setBusy(true);
    setProblem(null);
    try {
      const { commands: made } = await api.sendCommand({
        idempotency_key: idempotencyKey,
        targets: [vmId],
        name: definition.name,
        params: range === null ? definition.params : { ...definition.params, [range.key]: value },
        ttl_s: ttlSeconds,
      });
      for (const command of made) commands.take(command);
      setCmdId(made[0]?.cmd_id ?? null);
    } catch (error) {
      setProblem(error instanceof ApiError ? codeText("err", error.code) : t("err.bad_answer"));
    } finally {
      setBusy(false);
    }
  };

  return (
    <Dialog title={t(definition.label)} description={machineName === vmId ? vmId : `${machineName} · ${vmId}`} onClose={onClose}>
      {tracked === undefined ? (
        <form
          className="grid gap-4"
          onSubmit={(event) => {
            event.preventDefault();
            void send();
          }}
        >
          {definition.warning === null ? null : (
            <p className="rounded-lg bg-raised px-3.5 py-2.5">{t(definition.warning, { name: machineName })}</p>
          )}
          {range === null ? null : (
            <Field label={t(range.label)} error={valid ? null : t("command.range", { min: range.min, max: range.max })}>
              {(id, describedBy) => (
                <Input
                  id={id}
                  type="number"
                  inputMode="decimal"
                  min={range.min}
                  max={range.max}
                  step={range.step}
                  value={number}
                  aria-invalid={!valid}
                  aria-describedby={describedBy}
                  onChange={(event) => setNumber(event.target.value)}
                />
              )}
            </Field>
          )}
          {problem === null ? null : (
            <p role="alert" className="text-crit text-sm">
              {problem}
            </p>
          )}
          <div className="flex justify-end gap-2">
            <Button onClick={onClose}>{t("common.cancel")}</Button>
            <Button type="submit" look={definition.warning === null ? "primary" : "danger"} disabled={busy || !valid}>
              {busy ? <LoaderCircle size={16} className="animate-spin" aria-hidden /> : null}
              {problem === null ? t("command.send") : t("common.retry")}
            </Button>
          </div>
        </form>
      ) : (
        <div className="grid gap-4">
          <CommandSteps command={tracked} />
          <div className="flex justify-end">
            <Button onClick={onClose}>{t("common.close")}</Button>
          </div>
        </div>
      )}
    </Dialog>
  );
}
