/** Begins the names of channels that carry a live trace, behind `console_tail`. */
export const traceChannelPrefix = "trace_";
