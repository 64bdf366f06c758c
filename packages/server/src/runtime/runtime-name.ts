/** What this process runs on. */
export function runtimeName(): string {
  return `Bun ${Bun.version}`;
}
