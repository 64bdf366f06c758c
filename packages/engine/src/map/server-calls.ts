import { apiErrors, clientErrors, type StreamPosition, type Tags } from "@fleetcast/protocol";
import { fitsFormat } from "../channel/data-format.ts";
import type { Namespace } from "../channel/namespaces.ts";
import type { EngineContext } from "../context.ts";
import { UnrecoverablePosition } from "../log.ts";
import { EngineRefusal } from "../refusal.ts";
import {
  type KeyMode,
  MapFull,
  MapNeedsStream,
  type MapOutcome,
  type MapPublication,
  type MapStatePage,
  type MapStreamPage,
} from "./map-log.ts";
import type { MapNamespace } from "./map-namespace.ts";

/** What the server API says to map channels. Throws `EngineRefusal`: 107 where the channel is no map or something is missing. */
export interface MapCalls {
  publish(request: MapPublishCall): Promise<MapOutcome>;
  remove(request: MapRemoveCall): Promise<MapOutcome>;
  readState(request: MapReadStateCall): Promise<MapStatePage>;
  readStream(request: MapReadStreamCall): Promise<MapStreamPage>;
  stats(channel: string): Promise<{ readonly keys: number }>;
  clear(channel: string): Promise<void>;
}

export interface MapPublishCall {
  readonly channel: string;
  readonly key: string;
  readonly data: Uint8Array;
  readonly tags?: Tags | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly delta?: boolean | undefined;
  readonly version?: number | undefined;
  readonly versionEpoch?: string | undefined;
  /** Foreign and unjudged: another word than a `KeyMode` is 107, once the channel is known. */
  readonly keyMode?: string | undefined;
}

export interface MapRemoveCall {
  readonly channel: string;
  readonly key: string;
  readonly idempotencyKey?: string | undefined;
}

export interface MapReadStateCall {
  readonly channel: string;
  /** 0: no entries; negative: all. Not looked at where `key` is given. */
  readonly limit: number;
  readonly cursor?: string | undefined;
  /** Only this key. */
  readonly key?: string | undefined;
  readonly revision?: StreamPosition | undefined;
}

export interface MapReadStreamCall {
  readonly channel: string;
  readonly limit: number;
  readonly since?: StreamPosition | undefined;
  readonly reverse?: boolean | undefined;
}

const keyModes: ReadonlySet<string> = new Set<KeyMode>(["", "if_new", "if_exists"]);
const isKeyMode = (text: string): text is KeyMode => keyModes.has(text);

export function createMapCalls(context: EngineContext): MapCalls {
  const { fanOut } = context;
  const admitted = async (): Promise<void> => {
    for (let wait = fanOut.admission(); wait !== undefined; wait = fanOut.admission()) await wait;
  };
  return {
    async publish({ channel, key, keyMode = "", ...request }) {
      if (key === "") throw refusal(apiErrors.badRequest);
      const { map, options } = mapOf(context, channel);
      if (!fitsFormat(options.publicationDataFormat, request.data) || !isKeyMode(keyMode)) throw refusal(apiErrors.badRequest);
      await admitted();
      const delta = request.delta === true || options.deltaPublish;
      return refusing(() => map.log.publish({ ...request, channel, key, keyMode, delta, terms: map.terms }));
    },
    async remove({ channel, key, idempotencyKey }) {
      if (key === "") throw refusal(apiErrors.badRequest);
      const { map } = mapOf(context, channel);
      await admitted();
      return refusing(() => map.log.remove({ channel, key, idempotencyKey, terms: map.terms }));
    },
    async readState({ channel, limit, cursor = "", key = "", revision }) {
      const { log, terms } = mapOf(context, channel).map;
      return refusing(async () => {
        if (key === "") return log.readState({ channel, terms, limit, cursor, ...(revision === undefined ? {} : { revision }) });
        const { entry, top } = await log.readKey({ channel, terms, key, ...(revision === undefined ? {} : { revision }) });
        return { entries: entry === undefined ? [] : [entry], top, cursor: "" };
      });
    },
    async readStream({ channel, limit, since, reverse = false }) {
      const { log, terms } = mapOf(context, channel).map;
      return refusing(async () => {
        const page = await log.readStream({ channel, terms, limit, reverse, ...(since === undefined ? {} : { since }) });
        if (!reverse && since !== undefined && isCutOff(since, page.changes)) throw new UnrecoverablePosition("changes are missing");
        return page;
      });
    },
    async stats(channel) {
      return mapOf(context, channel).map.log.stats(channel);
    },
    async clear(channel) {
      await mapOf(context, channel).map.log.clear(channel);
    },
  };
}

/** Changes behind a known position are kept no longer. */
function isCutOff(since: StreamPosition, changes: readonly MapPublication[]): boolean {
  const first = changes[0];
  return since.offset > 0 && first !== undefined && first.offset !== since.offset + 1;
}

function mapOf({ namespaces }: EngineContext, channel: string): { readonly map: MapNamespace; readonly options: Namespace["options"] } {
  if (channel === "") throw refusal(apiErrors.badRequest);
  const namespace = namespaces.of(channel);
  if (namespace === undefined) throw refusal(apiErrors.unknownChannel);
  if (namespace.map === undefined) throw refusal(apiErrors.badRequest);
  return { map: namespace.map, options: namespace.options };
}

async function refusing<Result>(run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (cause) {
    if (cause instanceof UnrecoverablePosition) throw refusal(apiErrors.unrecoverablePosition);
    if (cause instanceof MapFull) throw refusal(clientErrors.limitExceeded);
    if (cause instanceof MapNeedsStream) throw refusal(apiErrors.internal);
    throw cause;
  }
}

function refusal(error: { readonly code: number; readonly message: string }): EngineRefusal {
  return new EngineRefusal(error.code, error.message);
}
