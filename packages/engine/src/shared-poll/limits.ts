/** Keys of one channel that are followed at a time, by all connections together; one more is error 106. */
export const channelKeysMax = 1_000_000;
/** Bytes of a key; a longer one is error 107. A connection may follow thousands, and each of them is kept. */
export const keyBytesMax = 4_096;
/** How long the engine waits for a backend's answer: a backend has its own, shorter limit; this one frees the turn whatever happens. */
export const answerMsMax = 30_000;
/** Requests at once where `shared_poll.concurrency_limit` says nothing. */
export const concurrencyDefault = 64;
