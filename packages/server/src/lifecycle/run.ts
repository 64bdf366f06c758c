import type { App } from "../app.ts";
import { startApp } from "../app.ts";
import type { Loaded } from "../config/load.ts";
import { systemClock } from "../runtime/clock.ts";
import { filesOf, watchCertificates } from "./certificates/watch.ts";
import { createLogger, type ProcessLogger } from "./logger.ts";
import { writePidFile } from "./pid-file.ts";
import { createReload } from "./reload.ts";
import { createSignalHandler } from "./signals.ts";
import { exitCodes } from "./start-refused.ts";

/** What runs beside the server and ends before it: the demo fleet of `start`. */
export interface Companion {
  stop(): Promise<void>;
}

export interface RunOptions {
  readonly loaded: Loaded;
  readonly logTo: Loaded["config"]["log"];
  /** Says warnings and errors to the person, too, where the log goes elsewhere. */
  readonly tell?: (line: string) => void;
  /** What SIGHUP means: the terminal is gone (`start`), or the configuration is to be read again by this (`serve`). */
  readonly hangup: "stop" | (() => Loaded);
  /** Called once everything runs; what it answers is stopped first. Milliseconds since the process began. */
  readonly onReady: (app: App, readyMs: number, log: ProcessLogger) => Promise<Companion | undefined>;
}

/** What the last lines of the log may take. */
const lastWordsMs = 500;

/**
 * Runs the server until it is told to stop, and ends the process: 0 after draining, 1 when something of ours failed. A
 * refused start is thrown.
 * @throws StartRefused
 */
export async function runServer({ loaded, logTo, tell, hangup, onReady }: RunOptions): Promise<void> {
  const { config } = loaded;
  const log = createLogger(logTo, tell);
  keepAliveWithoutReader();
  const end = (code: number): void => {
    void lastWords(log).then(() => process.exit(code));
  };
  const fail = (message: string) => (cause: unknown) => {
    log.error({ cause }, message);
    end(exitCodes.failed);
  };
  process.on("uncaughtException", fail("an exception was not caught: the process ends"));
  process.on("unhandledRejection", fail("a rejection was not handled: the process ends"));
  for (const warning of loaded.warnings) log.warn({}, warning);

  const removePidFile = writePidFile(config.pidFile);
  process.on("exit", removePidFile);

  let stop = async (): Promise<void> => end(exitCodes.done);
  const onSignal = createSignalHandler({
    stop: (signal) => {
      log.info({ signal }, "stopping");
      const late = setTimeout(() => fail("stopping took longer than shutdown.timeout")(signal), config.shutdownLimitMs);
      stop().then(
        () => {
          clearTimeout(late);
          log.info({}, "stopped");
          end(exitCodes.done);
        },
        (cause: unknown) => fail("stopping failed")(cause),
      );
    },
    force: () => {
      log.warn({}, "a second signal: ending at once");
      end(exitCodes.failed);
    },
    monotonicMs: () => performance.now(),
  });
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  let reload: (() => void) | undefined;
  process.on("SIGHUP", (signal) => {
    if (hangup === "stop") onSignal(signal);
    else if (reload === undefined) log.warn({ signal }, "not reloaded: the start is not over, or the end has begun");
    else reload();
  });

  const starting = startApp(config, { log, onFatal: fail("the store failed: nothing more is acknowledged, the process ends") });
  // A signal while starting: let the start end, then close what it opened.
  stop = async () => (await starting).stop();
  const app = await starting.catch(async (cause: unknown) => {
    await lastWords(log);
    throw cause;
  });
  const companion = await onReady(app, performance.now(), log);
  let current = loaded;
  const onTaken = (next: Loaded): void => {
    current = next;
  };
  if (hangup !== "stop") reload = createReload({ first: loaded, read: hangup, app, onTaken, log });
  const watch = watchCertificates({
    files: () => filesOf(current.settings),
    read: () => current.readCertificates(),
    swap: app.swapCertificates,
    shown: app.certificates,
    clock: systemClock,
    log,
  });
  stop = async () => {
    reload = undefined;
    watch.stop();
    await companion?.stop();
    await app.stop();
  };
}

/** A reader of the log that stands still, or a full disk, must not keep a finished process alive. */
async function lastWords(log: ProcessLogger): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, lastWordsMs);
  });
  await Promise.race([log.flush(), late]);
  clearTimeout(timer);
  log.abandon();
}

/** Standard output may be a pipe whose reader ends first (`| head`): that costs output, not the server (F30). */
function keepAliveWithoutReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", () => {
      // Nobody is left to tell.
    });
  }
}
