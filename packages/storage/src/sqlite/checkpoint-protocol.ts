export type CheckpointRequest = { readonly kind: "open"; readonly path: string } | { readonly kind: "checkpoint" };

/** `fatal`: the file could not be synced, and must not be tried again (R5). */
export type CheckpointAnswer = { readonly kind: "done" } | { readonly kind: "fatal"; readonly why: string };
