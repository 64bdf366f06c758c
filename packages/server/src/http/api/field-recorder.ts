import type { Cut, Extent } from "../../push/raw-json/cut.ts";
import { Fields } from "../../push/raw-json/fields.ts";
import type { JsonSchema } from "../openapi/operation.ts";
import type { Method } from "./method.ts";

/**
 * A request that is not there, and remembers which fields a method asks it for and with what type. The schemas of the OpenAPI
 * document come from here, so they say what the handlers really read. Every field reads as absent; the fields of a nested object
 * are reached because the object itself is answered with a recorder.
 */
class FieldRecorder extends Fields {
  readonly #fields = new Map<string, JsonSchema | FieldRecorder>();

  constructor() {
    super(new Uint8Array(), []);
  }

  override raw(name: string): undefined {
    this.#fields.set(name, {});
  }

  override text(name: string): undefined {
    this.#fields.set(name, { type: "string" });
  }

  override integer(name: string, minimum: number, maximum: number): undefined {
    this.#fields.set(name, { type: "integer", minimum, maximum });
  }

  override flag(name: string): undefined {
    this.#fields.set(name, { type: "boolean" });
  }

  override object(name: string): Fields {
    const inner = new FieldRecorder();
    this.#fields.set(name, inner);
    return inner;
  }

  override texts(name: string): undefined {
    this.#fields.set(name, { type: "array", items: { type: "string" } });
  }

  override textMap(name: string): undefined {
    this.#fields.set(name, { type: "object", additionalProperties: { type: "string" } });
  }

  override list(name: string): Cut<Extent> | undefined {
    this.#fields.set(name, { type: "array" });
    return undefined;
  }

  properties(): Readonly<Record<string, JsonSchema>> {
    return Object.fromEntries(
      Array.from(this.#fields, ([name, field]) => [
        name,
        field instanceof FieldRecorder ? { type: "object", properties: field.properties() } : field,
      ]),
    );
  }
}

/** The fields that a method reads, each with its schema, in the order in which they are read. */
export function fieldsOf(method: Method): Readonly<Record<string, JsonSchema>> {
  const recorder = new FieldRecorder();
  method(recorder);
  return recorder.properties();
}
