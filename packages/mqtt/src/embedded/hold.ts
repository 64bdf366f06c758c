/** Why nothing is read at the moment. Several may hold at once; the socket flows again when none does. */
export const Hold = { connecting: 1, paused: 2, window: 4, socketFull: 8, subscribing: 16 } as const;
export type Hold = (typeof Hold)[keyof typeof Hold];
