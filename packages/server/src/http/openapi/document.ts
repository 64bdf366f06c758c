import type { Answer, JsonSchema, Operation, Parameter, Shape, Tag, Texts } from "./operation.ts";
import { namedSchemas, schemaOf } from "./shapes.ts";

export type Language = keyof Texts;

interface Frame {
  readonly title: string;
  readonly description: string;
  readonly tags: Readonly<Record<Tag, string>>;
  readonly apiKey: string;
  readonly authorization: string;
  readonly query: string;
  readonly session: string;
  readonly csrf: string;
}

const frames: Readonly<Record<Language, Frame>> = {
  en: {
    title: "Fleetcast HTTP API",
    description:
      "The server API of the push engine, for your own backend, and `/v1`, which the dashboard uses. A refusal of `/v1` is a problem document (RFC 9457) with a stable `code`.",
    tags: {
      server: "The server API: publish, subscribe, look, for a backend that has the API key",
      session: "Signing in and out",
      realtime: "Tokens for the live connection",
      fleet: "Machines, readings and events",
      commands: "Commands to machines",
      system: "The state of the system",
      administration: "People and connections, for administrators",
    },
    apiKey: "The key `http_api.key`",
    authorization: "`apikey <key>`, or `Token <key>` as the interface document says",
    query: "The same key; it may show up in the logs of proxies, so prefer a header",
    session: "Set by `POST /v1/session`",
    csrf: "`csrf` of `GET /v1/me`; every write under a session needs it",
  },
  zh: {
    title: "Fleetcast HTTP API",
    description:
      "推送引擎的服务端 API（供自己的后端调用），以及管理后台使用的 `/v1`。`/v1` 的拒绝应答是问题文档（RFC 9457），带有固定的 `code`。",
    tags: {
      server: "服务端 API：发布、订阅、查询，供持有 API 密钥的后端调用",
      session: "登录与退出",
      realtime: "实时连接的令牌",
      fleet: "机器、读数与事件",
      commands: "下发给机器的指令",
      system: "系统状态",
      administration: "用户与连接管理，仅限管理员",
    },
    apiKey: "密钥 `http_api.key`",
    authorization: "`apikey <密钥>`，或接口规范中的 `Token <密钥>`",
    query: "同一密钥；可能留在代理日志里，请优先用请求头",
    session: "由 `POST /v1/session` 设置",
    csrf: "`GET /v1/me` 返回的 `csrf`；登录状态下的每次写操作都需要",
  },
};

/** Any one of these opens an operation. The CSRF header counts beside the cookie, never alone. */
const security: Readonly<Record<Operation["access"], readonly JsonSchema[]>> = {
  none: [{}],
  api_key: [{ apiKey: [] }, { authorization: [] }, { apiKeyInQuery: [] }],
  session: [{ session: [] }],
  session_write: [{ session: [], csrf: [] }],
};

/** The OpenAPI 3.1 document of these operations. The version is that of the API's shape, not of the program (S28). */
export function openApiDocument(operations: readonly Operation[], language: Language): JsonSchema {
  const frame = frames[language];
  const tags = [...new Set(operations.map(({ tag }) => tag))];
  const paths: Record<string, Record<string, JsonSchema>> = {};
  for (const operation of operations) {
    const path = paths[operation.path] ?? {};
    path[operation.method.toLowerCase()] = operationObject(operation, language);
    paths[operation.path] = path;
  }
  return {
    openapi: "3.1.1",
    info: { title: frame.title, version: "1", description: frame.description, license: { name: "Apache-2.0", identifier: "Apache-2.0" } },
    servers: [{ url: "/" }],
    tags: tags.map((name) => ({ name, description: frame.tags[name] })),
    paths,
    components: {
      schemas: namedSchemas(),
      securitySchemes: {
        apiKey: { type: "apiKey", in: "header", name: "X-API-Key", description: frame.apiKey },
        authorization: { type: "apiKey", in: "header", name: "Authorization", description: frame.authorization },
        apiKeyInQuery: { type: "apiKey", in: "query", name: "api_key", description: frame.query },
        session: { type: "apiKey", in: "cookie", name: "fleetcast_session", description: frame.session },
        csrf: { type: "apiKey", in: "header", name: "X-Fleetcast-CSRF", description: frame.csrf },
      },
    },
  };
}

function operationObject(operation: Operation, language: Language): JsonSchema {
  const { id, tag, summary, text, access, parameters = [], request, answers } = operation;
  return {
    operationId: id,
    tags: [tag],
    summary: summary[language],
    ...(text === undefined ? {} : { description: text[language] }),
    ...(parameters.length === 0 ? {} : { parameters: parameters.map((parameter) => parameterObject(parameter, language)) }),
    ...(request === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { "application/json": { schema: requestSchema(request.shape, language), example: request.example } },
          },
        }),
    responses: Object.fromEntries(answers.map((answer) => [answer.status, answerObject(answer, language)])),
    security: security[access],
  };
}

function requestSchema(shape: NonNullable<Operation["request"]>["shape"], language: Language): JsonSchema {
  return typeof shape === "function" ? shape(language) : schemaOf(shape);
}

function parameterObject(parameter: Parameter, language: Language): JsonSchema {
  const { name, in: place, required = place === "path", shape, text, example } = parameter;
  return {
    name,
    in: place,
    ...(required ? { required } : {}),
    description: text[language],
    // Lists are separated by commas.
    ...(place === "query" ? { style: "form", explode: false } : {}),
    schema: schemaOf(shape),
    ...(example === undefined ? {} : { example }),
  };
}

function answerObject({ text, bodies, headers }: Answer, language: Language): JsonSchema {
  return {
    description: text[language],
    ...(headers === undefined
      ? {}
      : { headers: mapValues(headers, (header) => ({ schema: header.shape, description: header.text[language] })) }),
    ...(bodies === undefined ? {} : { content: mapValues(bodies, (shape: Shape) => ({ schema: schemaOf(shape) })) }),
  };
}

function mapValues<Value, Result>(values: Readonly<Record<string, Value>>, map: (value: Value) => Result): Record<string, Result> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(value)]));
}
