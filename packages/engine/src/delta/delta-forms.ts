import { type Codec, createDelta, type Publication } from "@fleetcast/protocol";

/**
 * A publication as a delta subscriber is sent it without a patch. The JSON protocol carries it as text, so that the subscriber has
 * the very bytes that the next patch is applied to; in Protobuf it is the publication itself.
 */
export function wholeForm(format: Codec["name"], publication: Publication): Publication {
  return format === "json" ? { ...kept(publication), dataAsText: true } : publication;
}

/** The same as a patch to what the subscriber has, where that is smaller. */
export function patchedForm(format: Codec["name"], publication: Publication, previousData: Uint8Array): Publication {
  const { data } = publication;
  const asText = format === "json";
  const patch = createDelta(previousData, data, { bytesMax: data.length - 1, asText });
  return { ...kept(publication), data: patch ?? data, delta: patch !== undefined, dataAsText: asText };
}

/** A chain that begins whole: each publication that follows is a patch to the one before it. */
export function chainForms(format: Codec["name"], publications: readonly Publication[]): readonly Publication[] {
  return publications.map((publication, at) => {
    const previous = publications[at - 1];
    return previous === undefined ? wholeForm(format, publication) : patchedForm(format, publication, previous.data);
  });
}

/** The same for the changes of a map: each is a patch to the one before it of the same key, which begins whole. */
export function keyedChainForms(format: Codec["name"], changes: readonly Publication[]): readonly Publication[] {
  const former = new Map<string, Publication>();
  return changes.map((change) => {
    const { key = "" } = change;
    const previous = former.get(key);
    if (change.removed === true) former.delete(key);
    else former.set(key, change);
    return previous === undefined || change.removed === true ? wholeForm(format, change) : patchedForm(format, change, previous.data);
  });
}

/** A version is not told to delta subscribers. */
function kept({ data, offset, info, tags, key, removed }: Publication): Publication {
  return { data, offset, info, tags, key, removed };
}
