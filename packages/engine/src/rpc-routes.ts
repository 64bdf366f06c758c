import { clientErrors, type ErrorReply } from "@fleetcast/protocol";
import type { RpcOptions } from "./options.ts";
import type { Proxies, RpcProxy } from "./proxies.ts";

/** Who answers a method: a proxy, the engine itself, or nobody. */
export type RpcRoute =
  | { readonly kind: "proxy"; readonly ask: RpcProxy }
  | { readonly kind: "ping" }
  | { readonly kind: "nobody"; readonly error: ErrorReply };

const notAvailable: RpcRoute = { kind: "nobody", error: clientErrors.notAvailable };
const notFound: RpcRoute = { kind: "nobody", error: clientErrors.methodNotFound };

/** Which method goes where (C23). A method's namespace is the text before its first boundary. */
export class RpcRoutes {
  readonly #options: RpcOptions;
  readonly #withoutNamespace: RpcRoute;
  readonly #byNamespace: ReadonlyMap<string, RpcRoute>;
  readonly #asksAnybody: boolean;

  /** @throws Error where a namespace names a proxy that was not handed in. */
  constructor(options: RpcOptions, { rpc }: Proxies) {
    const route = (where: string, name: string): RpcRoute => {
      if (name === "") return notAvailable;
      const ask = rpc.get(name);
      if (ask === undefined) throw new Error(`${where} asks the rpc proxy "${name}", which was not handed in`);
      return { kind: "proxy", ask };
    };
    this.#options = options;
    this.#withoutNamespace = route("rpc.without_namespace", options.withoutNamespaceProxyName);
    this.#byNamespace = new Map([...options.namespaces].map(([name, proxy]) => [name, route(`rpc namespace "${name}"`, proxy)]));
    this.#asksAnybody = [this.#withoutNamespace, ...this.#byNamespace.values()].some(({ kind }) => kind === "proxy");
  }

  of(method: string): RpcRoute {
    const { pingMethod, namespaceBoundary } = this.#options;
    if (pingMethod !== "" && method === pingMethod) return { kind: "ping" };
    // Without any proxy the whole command is not there; with a ping method alone, every other method is not.
    if (!this.#asksAnybody) return pingMethod === "" ? notAvailable : notFound;
    const boundary = namespaceBoundary === "" ? -1 : method.indexOf(namespaceBoundary);
    if (boundary <= 0) return this.#withoutNamespace;
    return this.#byNamespace.get(method.slice(0, boundary)) ?? notFound;
  }
}
