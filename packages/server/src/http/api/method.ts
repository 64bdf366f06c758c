import type { PushEngine } from "../../push/push-engine.ts";
import type { Fields } from "../../push/raw-json/fields.ts";

/** What a method answers: the JSON of its result object. `queued`: stored, the push will follow (N5). */
export interface MethodResult {
  readonly json: string | Uint8Array;
  readonly queued?: boolean | undefined;
}

/** A decoded command, ready to run. @throws PushError the command's error */
export type Call = (push: PushEngine) => Promise<MethodResult>;

/** Reads the fields of one method. @throws MalformedJson when a field has another type */
export type Method = (fields: Fields) => Call;

/** The result of a method that has nothing to tell. */
export const done: MethodResult = { json: "{}" };
