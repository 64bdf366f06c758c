/** Where the executable's own files lie inside it. */
const insideExecutable = "/$bunfs/root/";
/** This folder as `bun build --compile --root <workspace>` names it. */
const folder = "packages/storage/src/sqlite/";

/**
 * Starts one of this folder's `*-worker.ts` on a thread of its own. Inside the single executable the bundler has joined
 * this module into another file, so the worker, an entry point of that build too, is found by its place in the workspace.
 */
export function startThread(name: "writer-worker" | "reader-worker" | "checkpoint-worker"): Worker {
  const bundled = import.meta.url.includes(insideExecutable);
  return new Worker(bundled ? `${insideExecutable}${folder}${name}.js` : new URL(`./${name}.ts`, import.meta.url));
}

/** Ends a thread. Resolves when all it held is freed: only then are its files closed. */
export function endThread(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    worker.addEventListener("close", () => resolve(), { once: true });
    worker.terminate();
  });
}
