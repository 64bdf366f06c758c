/** What a client says of itself (`name`, `version` of the connect command): of no effect, for operators to read. */
export interface ClientSoftware {
  readonly name: string;
  readonly version: string;
}

/** Different ones that are kept; a client that makes names up pays for its own. */
const keptMax = 1_000;
const textLengthMax = 128;
/** A client that says nothing. */
export const untoldSoftware: ClientSoftware = { name: "", version: "" };

/** Most connections are of a handful of clients: each of them stands in memory once. */
export class KnownSoftware {
  readonly #known = new Map<string, ClientSoftware>();

  of(name: string, version: string): ClientSoftware {
    if (name === "" && version === "") return untoldSoftware;
    const [shortName, shortVersion] = [shortened(name), shortened(version)];
    const key = `${shortName.length} ${shortName}${shortVersion}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const software = { name: shortName, version: shortVersion };
    if (this.#known.size < keptMax) this.#known.set(key, software);
    return software;
  }
}

/** A text of its own: a part of a frame would keep the whole frame in memory. */
function shortened(text: string): string {
  return ` ${text.slice(0, textLengthMax)}`.slice(1);
}
