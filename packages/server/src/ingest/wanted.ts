/**
 * Which fields of a payload the scanner should remember, as a tree of names. Everything else is only checked and passed.
 * `compileWanted({system: {voltage: true}})` gives each name a slot number; the scanner fills the slots.
 */
export interface WantedFields {
  readonly [name: string]: true | WantedFields;
}

export interface WantedKey {
  readonly name: string;
  readonly nameBytes: Uint8Array;
  readonly slot: number;
  /** First slot behind this field and its children: a repeated key forgets all of them. */
  readonly slotsEnd: number;
  /** Node for the object inside, -1 where nothing in it is wanted. */
  readonly node: number;
}

export interface WantedPlan {
  readonly nodes: readonly (readonly WantedKey[])[];
  readonly slotCount: number;
  /** Slot by path, `system.voltage`. */
  readonly slots: ReadonlyMap<string, number>;
}

const encoder = new TextEncoder();

export function compileWanted(fields: WantedFields): WantedPlan {
  const nodes: WantedKey[][] = [];
  const slots = new Map<string, number>();
  let slotCount = 0;
  const compileNode = (level: WantedFields, prefix: string): number => {
    const keys: WantedKey[] = [];
    const node = nodes.push(keys) - 1;
    for (const [name, inside] of Object.entries(level)) {
      const slot = slotCount++;
      slots.set(prefix + name, slot);
      const child = inside === true ? -1 : compileNode(inside, `${prefix}${name}.`);
      keys.push({ name, nameBytes: encoder.encode(name), slot, slotsEnd: slotCount, node: child });
    }
    return node;
  };
  compileNode(fields, "");
  return { nodes, slotCount, slots };
}

/** The key of a node that equals these bytes, or undefined. Escaped names were decoded by the caller. */
export function findWanted(keys: readonly WantedKey[], bytes: Uint8Array, start: number, end: number): WantedKey | undefined {
  const length = end - start;
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index]!;
    const name = key.nameBytes;
    if (name.length !== length) continue;
    let at = 0;
    while (at < length && name[at] === bytes[start + at]) at++;
    if (at === length) return key;
  }
  return undefined;
}
