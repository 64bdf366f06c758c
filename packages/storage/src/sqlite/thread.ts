/** Ends a thread. Resolves when all it held is freed: only then are its files closed. */
export function endThread(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    worker.addEventListener("close", () => resolve(), { once: true });
    worker.terminate();
  });
}
