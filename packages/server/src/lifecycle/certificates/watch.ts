import { stat } from "node:fs/promises";
import type { Clock } from "@fleetcast/engine";
import type { ListenerTls } from "../../config/listener-tls.ts";
import { ConfigError } from "../../config/problems.ts";
import type { Logger } from "../../log.ts";
import { expiryOf, type ShownCertificate } from "./expiry.ts";

/** How often the files are looked at. Asked for, not told: that also sees links turned elsewhere (certbot, Kubernetes) and network disks. */
const lookIntervalMs = 1_000;

/** How often an end that comes near is said. */
const expiryIntervalMs = 86_400_000;

export interface WatchPorts {
  /** Which files, by the configuration as it is now. */
  readonly files: () => readonly string[];
  /** Reads the certificates as the files are now. @throws ConfigError */
  readonly read: () => ListenerTls;
  /** @throws where they cannot be taken */
  readonly swap: (next: ListenerTls) => void;
  readonly shown: () => readonly ShownCertificate[];
  readonly clock: Pick<Clock, "schedule" | "wallMs" | "monotonicMs">;
  readonly log: Logger;
}

/**
 * Takes certificates whose files changed, while everything runs. A change is taken once the files rest for one look: a
 * certificate and its key are two files and are written one after the other. What does not fit together changes nothing and is
 * said; the next change is a new chance.
 */
export function watchCertificates(ports: WatchPorts): { stop(): void } {
  const { files, read, swap, shown, clock, log } = ports;
  let taken: string | undefined;
  let seen: string | undefined;
  let expirySaidMs: number | undefined;
  let isStopped = false;
  let cancel = (): void => undefined;

  const sayExpiry = (): void => {
    expirySaidMs = clock.monotonicMs();
    for (const certificate of shown()) {
      const { verdict, text } = expiryOf(certificate, clock.wallMs());
      if (verdict === "over") log.error({}, text);
      else if (verdict === "soon") log.warn({}, text);
    }
  };

  const take = (): void => {
    try {
      swap(read());
      log.info(
        { until: shown().map(({ section, notAfterMs }) => `${section} ${new Date(notAfterMs).toISOString()}`) },
        "certificates were taken from their files",
      );
      sayExpiry();
    } catch (cause) {
      const reason = cause instanceof ConfigError ? cause.message.replaceAll("\n", "; ") : String(cause);
      log.error({}, `the changed certificates were not taken, the old ones stay: ${reason}`);
    }
  };

  const look = async (): Promise<void> => {
    const now = await signature(files());
    if (isStopped) return;
    taken ??= now;
    if (now !== taken && now === seen) {
      taken = now;
      take();
    }
    seen = now;
    if (expirySaidMs === undefined || clock.monotonicMs() - expirySaidMs >= expiryIntervalMs) sayExpiry();
  };

  const lookLater = (): void => {
    cancel = clock.schedule(lookIntervalMs, () => {
      look().then(lookLater, (cause: unknown) => {
        log.error({ cause }, "the certificates' files could not be looked at");
        lookLater();
      });
    });
  };
  sayExpiry();
  if (shown().length > 0) lookLater();
  return {
    stop: () => {
      isStopped = true;
      cancel();
    },
  };
}

export function filesOf({ tls, internalTls, mqttTls }: ListenerTls): readonly string[] {
  return [...new Set([tls, internalTls, mqttTls].flatMap((end) => end?.files ?? []))];
}

/** Which files there are, by what changes when somebody writes one or puts another in its place. */
async function signature(files: readonly string[]): Promise<string> {
  const parts = await Promise.all(
    files.map(async (file) => {
      try {
        const { ino, size, mtimeMs, ctimeMs } = await stat(file);
        return `${ino}:${size}:${mtimeMs}:${ctimeMs}`;
      } catch (cause) {
        return (cause as NodeJS.ErrnoException).code ?? "gone";
      }
    }),
  );
  return parts.join(" ");
}
