import type { Answer, JsonSchema, Operation, Parameter, Texts } from "../openapi/operation.ts";
import { ref, schemaOf } from "../openapi/shapes.ts";
import { fieldsOf } from "./field-recorder.ts";
import { fieldTexts, overrideValueText } from "./field-texts.ts";
import type { Method } from "./method.ts";
import { type MethodDoc, methodDocs } from "./method-docs.ts";
import { methods } from "./methods.ts";

/** The server API as the OpenAPI document tells it. Fields and their types are what the handlers read. */

type Language = keyof Texts;

const plain: JsonSchema = { type: "string" };

const unreadable: Texts = {
  en: "Not JSON, or a field of another type; in transport mode also error 107 or 108",
  zh: "不是 JSON，或字段类型不符；transport 模式下也表示错误 107 或 108",
};
const common: readonly Answer[] = [
  { status: 401, text: { en: "No key, or a wrong one", zh: "没有密钥或密钥错误" } },
  {
    status: 413,
    text: { en: "The body is larger than `server.api_body_max`", zh: "请求体超过 `server.api_body_max`" },
    bodies: { "text/plain": plain },
  },
  {
    status: 429,
    text: { en: "More requests than the configured rate", zh: "请求超过配置的速率" },
    bodies: { "text/plain": plain },
  },
];
const failed: Answer = {
  status: 500,
  text: {
    en: "Error 100 in transport mode; or a stored payload is no JSON and cannot be shown",
    zh: "transport 模式下的错误 100；或已存消息不是 JSON，无法返回",
  },
  bodies: { "text/plain": plain, "application/json": ref("ApiError") },
};
const unencodable: Answer = {
  status: 500,
  text: { en: "A stored payload is no JSON and cannot be shown", zh: "已存消息不是 JSON，无法返回" },
  bodies: { "text/plain": plain },
};
const inTransportMode: readonly Answer[] = (
  [
    [404, { en: "Error 102 or 104, in transport mode", zh: "transport 模式下的错误 102 或 104" }],
    [409, { en: "Error 113, in transport mode", zh: "transport 模式下的错误 113" }],
    [416, { en: "Error 112, in transport mode", zh: "transport 模式下的错误 112" }],
  ] as const
).map(([status, text]) => ({ status, text, bodies: { "application/json": ref("ApiError") } }));

const queued: NonNullable<Answer["headers"]> = {
  "X-Fleetcast-Queued": {
    shape: { type: "string", const: "1" },
    text: {
      en: "Only with a real Centrifugo behind: the publication is stored and will be pushed as soon as it answers",
      zh: "仅在后端为真实 Centrifugo 时出现：消息已存储，待其应答后推送",
    },
  },
};

const errorMode: Parameter = {
  name: "X-Centrifugo-Error-Mode",
  in: "header",
  shape: { type: "string", enum: ["transport"] },
  text: {
    en: "`transport`: a command's error becomes the HTTP status, its body the bare error",
    zh: "`transport`：命令的错误以 HTTP 状态码返回，响应体为错误对象本身",
  },
};

/** Everything below a prefix of the server API. */
export function apiOperations(prefix: string): readonly Operation[] {
  const path = prefix === "/" ? "" : prefix;
  return [commandsOperation(prefix), batchOperation(`${path}/batch`), ...Array.from(methods.keys(), (name) => methodOperation(path, name))];
}

export function methodOperation(prefix: string, name: string): Operation {
  const [method, doc] = [methods.get(name), methodDocs[name]];
  if (method === undefined || doc === undefined) throw new Error(`the method ${name} is not described`);
  return {
    id: name,
    method: "POST",
    path: `${prefix}/${name}`,
    tag: "server",
    summary: doc.summary,
    text: { en: methodText(doc, "en"), zh: methodText(doc, "zh") },
    access: "api_key",
    parameters: [errorMode],
    request: { shape: (language) => requestSchema(method, doc, language), example: doc.example },
    answers: [
      {
        status: 200,
        text: { en: "The result, or the command's error", zh: "结果，或命令的错误" },
        bodies: {
          "application/json": {
            oneOf: [{ type: "object", required: ["result"], properties: { result: schemaOf(doc.result) } }, ref("ApiErrorReply")],
          },
        },
        ...(name === "publish" || name === "broadcast" ? { headers: queued } : {}),
      },
      { status: 400, text: unreadable, bodies: { "text/plain": plain, "application/json": ref("ApiError") } },
      ...inTransportMode,
      ...common,
      failed,
    ],
  };
}

function methodText({ text, errors }: MethodDoc, language: Language): string {
  const codes = [100, ...errors].map(String).join(", ");
  const said = text === undefined ? "" : `${text[language]} `;
  return language === "en" ? `${said}Errors: ${codes}.` : `${said}可能的错误：${codes}。`;
}

function requestSchema(method: Method, doc: MethodDoc, language: Language): JsonSchema {
  const properties = described(fieldsOf(method), doc, language, "");
  return { type: "object", ...(doc.required.length === 0 ? {} : { required: doc.required }), properties };
}

function described(fields: Readonly<Record<string, JsonSchema>>, doc: MethodDoc, language: Language, above: string): JsonSchema {
  return Object.fromEntries(
    Object.entries(fields).map(([name, schema]) => {
      const path = `${above}${name}`;
      const inner = schema["properties"] as Readonly<Record<string, JsonSchema>> | undefined;
      const properties = inner === undefined ? {} : { properties: described(inner, doc, language, `${path}.`) };
      return [name, { ...schema, ...properties, description: textOfField(path, doc)[language] }];
    }),
  );
}

function textOfField(path: string, doc: MethodDoc): Texts {
  const text = doc.fields?.[path] ?? fieldTexts[path] ?? (/^override\.\w+\.value$/.test(path) ? overrideValueText : undefined);
  if (text === undefined) throw new Error(`the field ${path} is not described`);
  return text;
}

/** `POST /api` in its older form. */
export function commandsOperation(path: string): Operation {
  return {
    id: "commands",
    method: "POST",
    path,
    tag: "server",
    summary: { en: "Runs commands, one behind the other", zh: "依次执行若干命令" },
    text: {
      en: "The older form, as in the interface document. Several objects may follow each other in the body; as many replies come back, one a line. Errors are always inside the replies.",
      zh: "旧式调用，即接口规范中的写法。请求体可连续放多个对象；应答逐行返回，顺序相同。错误总在应答体内。",
    },
    access: "api_key",
    request: {
      shape: (language) => commandSchema(language),
      example: { method: "publish", params: { channel: "telemetry:VM-SH-001", data: { voltage: 221.5, msg: "实时电压波动" } } },
    },
    answers: [
      {
        status: 200,
        text: { en: "A reply for each command; the schema is that of one", zh: "每条命令一个应答；此处为单条应答的结构" },
        bodies: { "application/json": ref("CommandReply") },
        headers: queued,
      },
      {
        status: 400,
        text: {
          en: "A command cannot be read or names an unknown method; the ones before it are done",
          zh: "某条命令无法解析或方法名未知；其前面的命令已执行",
        },
        bodies: { "text/plain": plain },
      },
      ...common,
      unencodable,
    ],
  };
}

function commandSchema(language: Language): JsonSchema {
  const texts = {
    en: { id: "Comes back in the reply.", method: "The method's name; publish where none is given.", params: "The method's own request." },
    zh: { id: "原样带回应答中。", method: "方法名；不给则为 publish。", params: "该方法的请求对象。" },
  }[language];
  return {
    type: "object",
    required: ["params"],
    properties: {
      id: { type: "integer", minimum: 0, maximum: 4_294_967_295, description: texts.id },
      method: { type: "string", enum: [...methods.keys()], description: texts.method },
      params: { type: "object", description: texts.params },
    },
  };
}

export function batchOperation(path: string): Operation {
  return {
    id: "batch",
    method: "POST",
    path,
    tag: "server",
    summary: { en: "Runs several methods in one request", zh: "在一次请求中执行多个方法" },
    text: {
      en: "Replies stand at the top level, in the order of the commands; a command's error is in its place.",
      zh: "应答位于顶层，顺序与命令一致；某条命令的错误在其位置上给出。",
    },
    access: "api_key",
    request: {
      shape: (language) => batchSchema(language),
      example: {
        commands: [
          { publish: { channel: "telemetry:VM-SH-001", data: { voltage: 221.5 } } },
          { presence_stats: { channel: "telemetry:VM-SH-001" } },
        ],
      },
    },
    answers: [
      {
        status: 200,
        text: { en: "A reply for each command", zh: "每条命令一个应答" },
        bodies: { "application/json": ref("BatchReplies") },
        headers: queued,
      },
      {
        status: 400,
        text: { en: "Not JSON, or a field of another type; nothing was done", zh: "不是 JSON，或字段类型不符；未执行任何命令" },
        bodies: { "text/plain": plain },
      },
      ...common,
      unencodable,
    ],
  };
}

function batchSchema(language: Language): JsonSchema {
  const texts = {
    en: { commands: "Each an object with the method's name as its one member.", parallel: "Runs them side by side." },
    zh: { commands: "每项为只含一个成员的对象，成员名即方法名。", parallel: "并行执行。" },
  }[language];
  const command = { type: "object", properties: Object.fromEntries(Array.from(methods.keys(), (name) => [name, { type: "object" }])) };
  return {
    type: "object",
    required: ["commands"],
    properties: {
      commands: { type: "array", items: command, description: texts.commands },
      parallel: { type: "boolean", description: texts.parallel },
    },
  };
}
