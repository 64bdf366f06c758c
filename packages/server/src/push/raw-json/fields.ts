import { asciiText, type Cut, cutArray, cutObject, type Extent, type Member, textOfString } from "./cut.ts";
import { nestingMax, skipSpace } from "./scan.ts";

/** The document is no JSON, or a field has another type than its protocol says. */
export class MalformedJson extends Error {
  override readonly name = "MalformedJson";
}

/** Reads one value of a field. @throws MalformedJson when it has another type */
type Reader<Value> = (bytes: Uint8Array, extent: Extent, name: string) => Value;

/**
 * An object's members by name, read one by one with the type its reader expects, as the real server reads them: names
 * compare without case; each occurrence of a name must have the type and the last one counts; `null` says nothing. Foreign
 * names live in a `Map` only, so that `__proto__` is a name like any other (H4).
 */
export class Fields {
  readonly #bytes: Uint8Array;
  readonly #all: readonly Member[];
  readonly #byName = new Map<string, Member[]>();

  constructor(bytes: Uint8Array, members: readonly Member[]) {
    this.#bytes = bytes;
    this.#all = members;
    for (const member of members) {
      const name = member.name.toLowerCase();
      const before = this.#byName.get(name);
      if (before === undefined) this.#byName.set(name, [member]);
      else before.push(member);
    }
  }

  /** One object (or `null`, read as an empty one) with nothing but white space around it. @throws MalformedJson */
  static ofDocument(bytes: Uint8Array): Fields {
    const start = skipSpace(bytes, 0);
    const [fields, end] = Fields.at(bytes, start);
    if (skipSpace(bytes, end) !== bytes.length) throw new MalformedJson("something follows the object");
    return fields;
  }

  /** The object (or `null`) that starts at `start`, and where it ends. @throws MalformedJson */
  static at(bytes: Uint8Array, start: number, depthMax: number = nestingMax): readonly [Fields, number] {
    if (isNull(bytes, start, start + 4)) return [new Fields(bytes, []), start + 4];
    const cut = cutObject(bytes, start, depthMax);
    if (cut === undefined) throw new MalformedJson("an object is expected");
    return [new Fields(bytes, cut.parts), cut.end];
  }

  /** The value's bytes as they stand, `null` included; undefined when the name is absent. */
  raw(name: string): Uint8Array | undefined {
    const member = this.#byName.get(name)?.at(-1);
    return member === undefined ? undefined : this.#bytes.subarray(member.start, member.end);
  }

  /** Every occurrence of a name, `null` included, as it stands. */
  raws(name: string): readonly Uint8Array[] {
    return (this.#byName.get(name) ?? []).map((member) => this.#bytes.subarray(member.start, member.end));
  }

  text(name: string): string | undefined {
    return this.#read(name, readText);
  }

  /** A whole number within the bounds; `1.0` and `1e2` are none, as in the real server. */
  integer(name: string, min: number, max: number): number | undefined {
    return this.#read(name, (bytes, extent) => {
      const source = asciiText(bytes, extent.start, extent.end);
      const value = /^-?\d+$/.test(source) ? Number(source) : Number.NaN;
      if (!(value >= min && value <= max)) throw new MalformedJson(`${name} must be a whole number from ${min} to ${max}`);
      return value;
    });
  }

  flag(name: string): boolean | undefined {
    return this.#read(name, readFlag);
  }

  object(name: string): Fields | undefined {
    return this.#read(name, (bytes, extent) => new Fields(bytes, readObject(bytes, extent, name).parts));
  }

  /** A list of strings; `null` in it reads as "". */
  texts(name: string): readonly string[] | undefined {
    return this.#read(name, (bytes, extent) => readArray(bytes, extent, name).parts.map((part) => readTextOrNull(bytes, part, name)));
  }

  /** A list of objects. */
  objects(name: string): Fields[] | undefined {
    return this.list(name)?.parts.map((part) => Fields.at(this.#bytes, part.start)[0]);
  }

  list(name: string): Cut<Extent> | undefined {
    return this.#read(name, readArray);
  }

  /** Every member as an object, names as written: a map whose names are data. */
  entries(): (readonly [string, Fields])[] {
    return this.#all.map((member) => [member.name, Fields.at(this.#bytes, member.start)[0]] as const);
  }

  /** A map of strings; `null` as a value reads as "". Its prototype is null. */
  textMap(name: string): Readonly<Record<string, string>> | undefined {
    return this.#read(name, (bytes, extent) => {
      const map = Object.create(null) as Record<string, string>;
      for (const part of readObject(bytes, extent, name).parts) map[part.name] = readTextOrNull(bytes, part, name);
      return map;
    });
  }

  #read<Value>(name: string, read: Reader<Value>): Value | undefined {
    let value: Value | undefined;
    for (const member of this.#byName.get(name) ?? []) {
      if (!isNull(this.#bytes, member.start, member.end)) value = read(this.#bytes, member, name);
    }
    return value;
  }
}

const readText: Reader<string> = (bytes, extent, name) => {
  if (bytes[extent.start] !== 0x22) throw new MalformedJson(`${name} must be a string`);
  return textOfString(bytes, extent.start, extent.end);
};

const readTextOrNull: Reader<string> = (bytes, extent, name) =>
  isNull(bytes, extent.start, extent.end) ? "" : readText(bytes, extent, name);

const readFlag: Reader<boolean> = (bytes, extent, name) => {
  const length = extent.end - extent.start;
  const first = bytes[extent.start];
  if (first === 0x74 && length === 4) return true;
  if (first === 0x66 && length === 5) return false;
  throw new MalformedJson(`${name} must be true or false`);
};

const readObject: Reader<Cut<Member>> = (bytes, extent, name) => {
  const cut = cutObject(bytes, extent.start);
  if (cut === undefined) throw new MalformedJson(`${name} must be an object`);
  return cut;
};

const readArray: Reader<Cut<Extent>> = (bytes, extent, name) => {
  const cut = cutArray(bytes, extent.start);
  if (cut === undefined) throw new MalformedJson(`${name} must be a list`);
  return cut;
};

/** A value that starts with `n` can only be `null`; at a document's start the other letters must be looked at, too. */
export function isNull(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start === 4 && bytes[start] === 0x6e && bytes[start + 1] === 0x75 && bytes[start + 2] === 0x6c && bytes[start + 3] === 0x6c;
}
