import type { ProxyCaller } from "@fleetcast/engine";
import type { ProxyConfig } from "../config/config.ts";
import { isJson } from "../push/raw-json/scan.ts";
import { joinParts, jsonText } from "../push/raw-json/write.ts";

/** A payload that is no JSON, for a proxy that is asked in JSON: the call fails before anybody is asked. */
export class UnusablePayload extends Error {
  override readonly name = "UnusablePayload";
}

/**
 * Writes the JSON of one question. Payloads are embedded as they are: their bytes are the client's (P5). Empty fields are left out,
 * except where the protocol always has them.
 */
export class RequestBody {
  readonly #parts: (string | Uint8Array)[] = ["{"];
  readonly #binary: boolean;
  readonly #withMeta: boolean;

  constructor(config: Pick<ProxyConfig, "binaryEncoding" | "includeConnectionMeta">) {
    this.#binary = config.binaryEncoding;
    this.#withMeta = config.includeConnectionMeta;
  }

  /** Who asks, and how it is connected. */
  caller({ client, transport }: ProxyCaller): this {
    return this.text("client", client)
      .text("transport", transport.transport)
      .text("protocol", transport.protocol)
      .text("encoding", this.#binary ? "binary" : "json");
  }

  /** Left out where it is empty. */
  text(name: string, value: string): this {
    return value === "" ? this : this.textAlways(name, value);
  }

  textAlways(name: string, value: string): this {
    return this.#field(name, jsonText(value));
  }

  texts(name: string, values: readonly string[]): this {
    return values.length === 0 ? this : this.#field(name, `[${values.map(jsonText).join(",")}]`);
  }

  /** `data`, or `b64data` where payloads travel as base64. @throws UnusablePayload */
  data(payload: Uint8Array | undefined): this {
    if (payload === undefined || payload.length === 0) return this;
    if (this.#binary) return this.#field("b64data", `"${Buffer.from(payload).toString("base64")}"`);
    return this.#field("data", json(payload));
  }

  /** Of the token or the connect proxy, where the proxy is told. @throws UnusablePayload */
  meta(meta: Uint8Array | undefined): this {
    return this.#withMeta && meta !== undefined && meta.length > 0 ? this.#field("meta", json(meta)) : this;
  }

  /** Keys with the versions that are known of them. */
  items(items: readonly { readonly key: string; readonly version: number }[]): this {
    const texts = items.map(({ key, version }) => {
      const fields = [...(key === "" ? [] : [`"key":${jsonText(key)}`]), ...(version === 0 ? [] : [`"version":${version}`])];
      return `{${fields.join(",")}}`;
    });
    return items.length === 0 ? this : this.#field("items", `[${texts.join(",")}]`);
  }

  bytes(): Uint8Array {
    return joinParts([...this.#parts, "}"]);
  }

  #field(name: string, value: string | Uint8Array): this {
    this.#parts.push(`${this.#parts.length === 1 ? "" : ","}"${name}":`, value);
    return this;
  }
}

/** Anything else would end the field and write the next ones. */
function json(payload: Uint8Array): Uint8Array {
  if (!isJson(payload)) throw new UnusablePayload("the payload is not JSON");
  return payload;
}
