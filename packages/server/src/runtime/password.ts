/** Argon2id, off the event loop (Bun hashes on its thread pool). Memory in KiB and passes as OWASP recommends for it. */
const parameters = { algorithm: "argon2id", memoryCost: 19_456, timeCost: 2 } as const;

/** A hash takes tens of milliseconds and 19 MiB; more at once would starve the pool that also opens files. */
const hashesAtOnceMax = 2;

let running = 0;
const waiting: (() => void)[] = [];

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= hashesAtOnceMax) await new Promise<void>((resolve) => waiting.push(resolve));
  else running += 1;
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  }
}

export function hash(password: string): Promise<string> {
  return inTurn(() => Bun.password.hash(password, parameters));
}

/** False for a wrong password and for a hash that is none. */
export function verify(password: string, stored: string): Promise<boolean> {
  return inTurn(async () => {
    try {
      return await Bun.password.verify(password, stored);
    } catch {
      return false;
    }
  });
}
