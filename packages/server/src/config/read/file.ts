import { existsSync, readFileSync, statSync } from "node:fs";
import { extname, resolve } from "node:path";
import { parse as parseToml } from "smol-toml";
import { parseDocument } from "yaml";
import { ConfigError } from "../problems.ts";
import { depthMax, isBounded } from "./bounded.ts";
import { duplicateJsonKey } from "./duplicate-json-key.ts";

export type Tree = { readonly [key: string]: unknown };

/** A configuration file is read whole before it is judged. */
const fileBytesMax = 1_048_576;
const namesInFolder = ["fleetcast.yaml", "fleetcast.json"];

/** `-c FILE`, else FLEETCAST_CONFIG, else `fleetcast.yaml` or `fleetcast.json` in the working folder, else none. */
export function findFile(flag: string | undefined, environment: string | undefined, folder: string): string | undefined {
  if (flag !== undefined) return flag === "" ? undefined : flag;
  if (environment !== undefined && environment !== "") return environment;
  return namesInFolder.find((name) => existsSync(resolve(folder, name)));
}

/** @throws ConfigError for what cannot be read, is too large, is not UTF-8, or does not parse. */
export function readFile(file: string, folder: string): Tree {
  const refuse = (expected: string): never => {
    throw new ConfigError([{ source: file, key: "", expected }]);
  };
  let content: Uint8Array;
  try {
    const size = statSync(resolve(folder, file)).size;
    if (size > fileBytesMax) return refuse(`is ${size} bytes; a configuration has at most ${fileBytesMax}`);
    content = readFileSync(resolve(folder, file));
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    return refuse(`cannot be read (${(cause as NodeJS.ErrnoException).code ?? String(cause)})`);
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(content);
  } catch {
    return refuse("is not UTF-8 text");
  }
  let tree: unknown;
  try {
    tree = parse(text, extname(file).toLowerCase());
  } catch (cause) {
    return refuse(`does not parse: ${String((cause as Error).message).split("\n")[0]}`);
  }
  if (!isBounded(tree)) return refuse(`is nested more than ${depthMax} deep, or refers to itself`);
  if (tree === null || tree === undefined) return {};
  if (typeof tree !== "object" || Array.isArray(tree)) return refuse("must hold keys and values");
  return tree as Tree;
}

function parse(text: string, extension: string): unknown {
  switch (extension) {
    case ".json": {
      const tree = JSON.parse(text);
      const twice = duplicateJsonKey(text);
      if (twice !== undefined) throw new Error(`the key ${JSON.stringify(twice)} stands there twice`);
      return tree;
    }
    case ".toml":
      return parseToml(text);
    case ".yaml":
    case ".yml": {
      const document = parseDocument(text, { uniqueKeys: true });
      if (document.errors.length > 0) throw document.errors[0];
      return document.toJS({ maxAliasCount: 100 });
    }
    default:
      throw new Error("the name must end in .yaml, .yml, .json or .toml");
  }
}
