import { createEmbeddedBroker, type EmbeddedBroker, type EmbeddedBrokerOptions } from "../src/embedded/embedded-broker.ts";
import type { ConnectAttempt, ConnectVerdict, InboundMessage, IntakeHandler } from "../src/intake.ts";
import { realClock } from "./real-clock.ts";

/** A handler that writes down what it gets and answers when it is told to. */
export class RecordingHandler implements IntakeHandler {
  readonly messages: InboundMessage[] = [];
  readonly changes: Array<{ vmId: string; connected: boolean }> = [];
  readonly attempts: ConnectAttempt[] = [];
  readonly waiting: Array<(error?: Error) => void> = [];
  /** Answers at once. */
  immediate = true;
  verdict: (attempt: ConnectAttempt) => Promise<ConnectVerdict> | ConnectVerdict = ({ username }) =>
    username === undefined ? { ok: false, code: 5 } : { ok: true, vmId: username };

  message(message: InboundMessage, done: (error?: Error) => void): void {
    this.messages.push(message);
    if (this.immediate) done();
    else this.waiting.push(done);
  }

  async authenticate(attempt: ConnectAttempt): Promise<ConnectVerdict> {
    this.attempts.push(attempt);
    return await this.verdict(attempt);
  }

  connection(change: { readonly vmId: string; readonly connected: boolean }): void {
    this.changes.push(change);
  }

  get payloads(): string[] {
    return this.messages.map((message) => Buffer.from(message.payload).toString());
  }
}

export interface RunningBroker {
  readonly broker: EmbeddedBroker;
  readonly handler: RecordingHandler;
  readonly port: number;
  readonly warnings: string[];
}

/** Runs `scenario` against an embedded broker on a free loopback port and stops it, whatever happens. */
export async function withBroker(
  scenario: (running: RunningBroker) => Promise<void>,
  options: Partial<Omit<EmbeddedBrokerOptions, "handler">> = {},
): Promise<void> {
  const handler = new RecordingHandler();
  const warnings: string[] = [];
  const note = (fields: Readonly<Record<string, unknown>>, message: string): void => {
    warnings.push(`${message} ${JSON.stringify(fields)}`);
  };
  const broker = createEmbeddedBroker({
    addresses: ["127.0.0.1"],
    port: 0,
    clock: realClock,
    log: { debug: () => undefined, info: () => undefined, warn: note, error: note },
    ...options,
    handler,
    limits: { stopLimitMs: 200, ...options.limits },
  });
  await broker.start();
  try {
    await scenario({ broker, handler, port: broker.port, warnings });
  } finally {
    await broker.stop();
  }
}
