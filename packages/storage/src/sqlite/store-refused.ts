/**
 * The store cannot be opened as it is, and nothing was changed: damaged, in use by another process, made by a newer
 * version, or its folder cannot be written. The start stops with this one line and exit code 2 (L14, F17).
 */
export class StoreRefused extends Error {
  override readonly name = "StoreRefused";
  readonly path: string;
  readonly why: string;
  constructor(path: string, why: string, options?: ErrorOptions) {
    super(`the store at ${path} was refused: ${why}`, options);
    this.path = path;
    this.why = why;
  }
}
