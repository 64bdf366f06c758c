export type Language = "en" | "zh-CN";

/** `tls.zh-CN.md` is read at `/zh-CN/tls`, `tls.md` at `/tls`. */
export function sitePath(file: string): string {
  return file.endsWith(".zh-CN.md") ? `zh-CN/${file.slice(0, -".zh-CN.md".length)}.md` : file;
}
