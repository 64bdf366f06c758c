import type { ConnectDevice, LinkRequest, OutgoingMessage } from "../src/ports.ts";

/** The broker's side of a simulated machine's line: what it said, and a way to send it commands. */
export class MemoryBroker {
  readonly messages: Array<OutgoingMessage & { readonly will?: true }> = [];
  readonly requests: LinkRequest[] = [];
  readonly #live = new Map<string, LinkRequest>();
  acknowledges = true;

  readonly connect: ConnectDevice = (request) => {
    this.requests.push(request);
    this.#live.set(request.clientId, request);
    queueMicrotask(() => request.onConnected());
    const close = (): void => {
      if (this.#live.get(request.clientId) === request) this.#live.delete(request.clientId);
    };
    return {
      publish: (message, onSettled) => {
        this.messages.push(message);
        if (this.acknowledges) onSettled(true);
      },
      end: () => {
        close();
        return Promise.resolve();
      },
      cut: () => {
        close();
        this.messages.push({ ...request.will, will: true });
      },
    };
  };

  command(vmId: string, command: unknown): void {
    this.#live.get(vmId)?.onMessage(Buffer.from(JSON.stringify(command)));
  }

  on(topicEnd: string): Array<Record<string, unknown>> {
    return this.messages
      .filter((message) => message.topic.endsWith(`/${topicEnd}`))
      .map((message) => JSON.parse(message.payload) as Record<string, unknown>);
  }
}
