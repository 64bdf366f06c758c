/** Every bound of the publisher, with its unit. */
export interface PublisherLimits {
  /** Requests on their way at once; while the other side fails, one. Their channels never overlap. */
  readonly requestsInFlightMax: number;
  readonly batchRowsMax: number;
  readonly batchBytesMax: number;
  readonly requestTimeoutMs: number;
  readonly answerBytesMax: number;
  /** Committed rows held in memory; beyond it they are read from the journal again. */
  readonly memoryRowsMax: number;
  readonly memoryBytesMax: number;
  readonly readRowsMax: number;
  /** First wait after a failure; doubled with each further one, up to `retryDelayMsMax`, and shortened by chance up to a half. */
  readonly retryDelayMsMin: number;
  readonly retryDelayMsMax: number;
  /** Cursors are stored at most this long after the push that moved them (N3: at most 1 s late). */
  readonly saveDelayMs: number;
  /** Requests that fail for this long, one after the other, make the push unhealthy. */
  readonly unhealthyAfterMs: number;
  /** With nothing to push, the other side is asked this often whether it still would. */
  readonly pulseEveryMs: number;
}

export const publisherLimits: PublisherLimits = {
  requestsInFlightMax: 2,
  batchRowsMax: 500,
  batchBytesMax: 1_048_576,
  requestTimeoutMs: 5_000,
  answerBytesMax: 4_194_304,
  memoryRowsMax: 20_000,
  memoryBytesMax: 33_554_432,
  readRowsMax: 1_000,
  retryDelayMsMin: 50,
  retryDelayMsMax: 2_000,
  saveDelayMs: 500,
  unhealthyAfterMs: 2_000,
  pulseEveryMs: 2_000,
};

/**
 * When a channel's backlog is no longer worth its whole length (N4): more rows than the window that a returning client can
 * recover, or older than an outage that anybody would sit out. Then only the newest row goes.
 */
export interface LatestRule {
  readonly rowsMax: number;
  readonly ageMsMax: number;
}
