import { apiOperations } from "../api/api-operations.ts";
import { v1Operations } from "../v1/routes.ts";
import { type Language, openApiDocument } from "./document.ts";
import type { JsonSchema, Operation } from "./operation.ts";
import { type ReferenceTexts, referenceTexts } from "./reference-texts.ts";

/** docs/reference/api.md and its Chinese sister; a test keeps them current, `scripts/generate-docs.ts` writes them. */
export function referencePage(language: Language): string {
  const texts = referenceTexts[language];
  const operations = [...apiOperations("/api"), ...v1Operations];
  const document = JSON.parse(JSON.stringify(openApiDocument(operations, language))) as OpenApi;
  const schemas = document.components.schemas;
  const parts = [texts.intro, texts.variables, texts.access, texts.errors, texts.limits];
  for (const { name, description } of document.tags) {
    parts.push(`## ${description}`);
    for (const operation of operations.filter(({ tag }) => tag === name)) {
      const told = document.paths[operation.path]![operation.method.toLowerCase()]!;
      parts.push(operationPart(operation, told, { texts, schemas }));
    }
  }
  return `${parts.join("\n\n")}\n`;
}

/** An operation as the document has it, with all that this page looks at. */
interface Told {
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly { name: string; description: string; required?: boolean; schema: JsonSchema }[];
  readonly requestBody?: { content: Record<string, { schema: JsonSchema; example: unknown }> };
  readonly responses: Readonly<Record<string, { description: string; content?: Record<string, { schema: JsonSchema }> }>>;
}

interface OpenApi {
  readonly tags: readonly { name: string; description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Told>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> };
}

interface Page {
  readonly texts: ReferenceTexts;
  readonly schemas: OpenApi["components"]["schemas"];
}

function operationPart(operation: Operation, told: Told, page: Page): string {
  const { texts } = page;
  const parts = [
    `### ${operation.method} ${operation.path}`,
    `${told.summary}.${told.description === undefined ? "" : ` ${told.description}`}`,
  ];
  if (texts === referenceTexts.zh) parts[1] = `${told.summary}。${told.description ?? ""}`;
  const example = told.requestBody?.content["application/json"]?.example;
  parts.push(`\`\`\`sh\n${curl(operation, example)}\n\`\`\``);
  if (told.parameters !== undefined) {
    const rows = told.parameters.map(({ name, description, required, schema }) =>
      row([code(name), typeOf(schema, page) + (required === true ? `, ${texts.required}` : ""), description]),
    );
    parts.push(texts.parameters, [texts.fieldHead, ...rows].join("\n"));
  }
  const request = told.requestBody?.content["application/json"]?.schema;
  if (request !== undefined) {
    // What has no sentence of its own is explained by the field around it.
    const fields = fieldRows(resolved(request, page), page).filter(({ text, name }) => text !== "" || !name.includes("."));
    const rows = fields.map(({ name, type, text }) => row([code(name), type, text]));
    if (rows.length > 0) parts.push(texts.request, [texts.fieldHead, ...rows].join("\n"));
  }
  const answer = told.responses["200"]?.content?.["application/json"]?.schema;
  const rows = answer === undefined ? [] : fieldRows(resultOf(answer, page), page).map(({ name, type }) => row([code(name), type]));
  if (rows.length > 0) parts.push(texts.result, [texts.resultHead, ...rows].join("\n"));
  // Those of the server API are the same everywhere, and stand at the head of the page.
  if (operation.access === "api_key") return parts.join("\n\n");
  const statuses = Object.entries(told.responses).map(([status, { description }]) => row([status, description]));
  parts.push(texts.answers, [texts.answerHead, ...statuses].join("\n"));
  return parts.join("\n\n");
}

/** A password in an example is whatever the reader's is. */
const examplePassword = "a long password";
const exampleTrace = "a-trace";

/** A call as one would type it; `$NAME` is what the page says at its head. */
export function curl({ access, method, path }: Operation, example: unknown): string {
  const address = `"$FLEETCAST${path.replace("{cmd_id}", "$CMD_ID").replace("{vm_id}", "VM-SH-001")}"`;
  const words = ["curl -sS"];
  if (method !== "GET") words.push(`-X ${method}`);
  words.push(address);
  if (access === "api_key") words.push('-H "X-API-Key: $API_KEY"');
  if (access === "none") words.push("-c session.txt");
  if (access === "session" || access === "session_write") words.push("-b session.txt");
  if (access === "session_write") words.push('-H "X-Fleetcast-CSRF: $CSRF"');
  if (example !== undefined) {
    if (access !== "api_key") words.push("-H 'Content-Type: application/json'");
    words.push(`-d '${JSON.stringify(example).replace(examplePassword, `'"$PASSWORD"'`).replace(exampleTrace, `'"$TRACE_ID"'`)}'`);
  }
  return words.join(" ");
}

/** Inside the envelope of the server API stands what the method answers. */
function resultOf(schema: JsonSchema, page: Page): JsonSchema {
  const alternatives = schema["oneOf"] as readonly JsonSchema[] | undefined;
  const result = (alternatives?.[0]?.["properties"] as { result?: JsonSchema } | undefined)?.result;
  return resolved(result ?? schema, page);
}

function resolved(schema: JsonSchema, { schemas }: Page): JsonSchema {
  const name = nameOf(schema);
  return name === undefined ? schema : schemas[name]!;
}

function nameOf(schema: JsonSchema): string | undefined {
  return (schema["$ref"] as string | undefined)?.split("/").at(-1);
}

interface FieldRow {
  readonly name: string;
  readonly type: string;
  readonly text: string;
}

/** The fields of an object, those of objects inside it as `outer.inner`. */
function fieldRows(schema: JsonSchema, page: Page, above = ""): FieldRow[] {
  const properties = (schema["properties"] ?? {}) as Readonly<Record<string, JsonSchema>>;
  const required = (schema["required"] ?? []) as readonly string[];
  return Object.entries(properties).flatMap(([name, field]) => {
    const inner = resolved(field, page);
    const items = resolved((inner["items"] ?? inner["additionalProperties"] ?? {}) as JsonSchema, page);
    const path = `${above}${name}`;
    const below = fieldRows(inner, page, `${path}.`);
    const belowItems = fieldRows(items, page, `${path}${inner["items"] === undefined ? ".<name>." : "[]."}`);
    const needed = required.includes(name) ? `, ${page.texts.required}` : "";
    return [{ name: path, type: typeOf(inner, page) + needed, text: String(field["description"] ?? "") }, ...below, ...belowItems];
  });
}

function typeOf(schema: JsonSchema, page: Page): string {
  const target = resolved(schema, page);
  const values = (target["enum"] ?? (target["const"] === undefined ? undefined : [target["const"]])) as readonly string[] | undefined;
  if (values !== undefined) return values.map((value) => code(value)).join(", ");
  const either = target["anyOf"] as readonly JsonSchema[] | undefined;
  if (either !== undefined) return either.map((one) => typeOf(one, page)).join(" / ");
  if (target["type"] === "array") return `[ ${typeOf(target["items"] as JsonSchema, page)} ]`;
  const type = target["type"] as string | readonly string[] | undefined;
  if (type === undefined) return page.texts.any;
  const [low, high] = [target["minimum"], target["maximum"]];
  const bounds = low === undefined && high === undefined ? "" : ` ${String(low ?? "")}..${String(high ?? "")}`;
  return (typeof type === "string" ? type : type.join(" / ")) + bounds;
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function code(text: string): string {
  return `\`${text}\``;
}
