/** Largest WebSocket message of a client (`websocket.message_size_limit`); more is closed with 1009 by the runtime. */
export const messageBytesMax = 65_536;

/** Messages joined into one frame, as Centrifugo's writer does. */
export const messagesPerFrameMax = 16;

/**
 * Offsets above this cannot be told from their neighbours as JavaScript numbers. One that a client claims is read as
 * `offsetBeyondExact`: above every top, hence never recoverable, and never rounded to one that is (D29).
 */
export const offsetMax = Number.MAX_SAFE_INTEGER;
export const offsetBeyondExact = Number.POSITIVE_INFINITY;

/** Lifetimes told to clients (`ttl`) are capped at a year. */
export const ttlSecondsMax = 31_536_000;
