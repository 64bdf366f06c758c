import type { Language } from "./document.ts";

/** The words between the tables of docs/reference/api.md. */
export interface ReferenceTexts {
  readonly intro: string;
  readonly variables: string;
  readonly access: string;
  readonly errors: string;
  readonly limits: string;
  readonly fieldHead: string;
  readonly resultHead: string;
  readonly answerHead: string;
  readonly parameters: string;
  readonly request: string;
  readonly result: string;
  readonly answers: string;
  readonly required: string;
  readonly any: string;
}

export const referenceTexts: Readonly<Record<Language, ReferenceTexts>> = {
  en: {
    intro: `# HTTP API

[简体中文](api.zh-CN.md)

Made by \`scripts/generate-docs.ts\` from the code that reads the requests; tests run every example against a real server and hold every answer
against its shape. The same as a document for programs: \`GET /api/openapi.json\` with the API key, or \`GET /v1/openapi.json\` for whoever is signed
in. As a page to try it on: \`/v1/explorer\`.`,
    variables: `The examples run as they stand once these are set:

\`\`\`sh
FLEETCAST=http://127.0.0.1:8000
API_KEY=...          # http_api.key, or the one in <data>/secrets.json
PASSWORD=...         # of the user admin
CSRF=...             # "csrf" in the answer of GET /v1/me
CMD_ID=...           # "cmd_id" in the answer of POST /v1/commands
TRACE_ID=...         # "id" in the answer of POST /v1/traces
\`\`\`

\`board:warehouse\` stands for a channel of a map namespace, \`prices:all\` for one of a shared poll namespace; there are none by default.`,
    access: `## Keys and errors of the server API

The key goes into \`X-API-Key: <key>\`, \`Authorization: apikey <key>\`, \`Authorization: Token <key>\` or \`?api_key=<key>\`. A request is looked at in this
order: unknown path 404, not \`POST\` 405, key 401, body too large 413, not readable 400. \`http_api.handler_prefix\` moves \`/api\`,
\`http_server.internal_port\` to another port unless \`http_api.external\` keeps it, \`http_api.insecure\` asks for no key.

A command's own error comes with status 200 and the body \`{"error":{"code":...,"message":...}}\`. With \`http_api.error_mode: transport\`, or for one request with
the header \`X-Centrifugo-Error-Mode: transport\`, it is the status of this table, and the body is the bare \`{"code":...,"message":...}\`. That holds for
\`POST /api/<method>\`, not for \`POST /api\`, \`batch\` and the inner answers of \`broadcast\`.`,
    errors: `| Code | Message | Status in transport mode |
|---|---|---|
| 100 | internal server error | 500 |
| 102 | unknown channel | 404 |
| 104 | not found | 404 |
| 106 | limit exceeded | 500 |
| 107 | bad request | 400 |
| 108 | not available | 400 |
| 112 | unrecoverable position | 416 |
| 113 | conflict | 409 |`,
    limits: `A body has at most \`server.api_body_max\` (1 MiB): that bounds the channels of a broadcast and the commands of a batch, too. Whole numbers go up to 2^53-1.

A refusal of \`/v1\` is a problem document (RFC 9457, \`application/problem+json\`): \`{"type":"about:blank","title":...,"status":...,"detail":...,"code":...}\`, with \`field\`
where a part of the request is at fault. Programs look at \`code\`.`,
    fieldHead: "| Field | Type | Meaning |\n|---|---|---|",
    resultHead: "| Field | Type |\n|---|---|",
    answerHead: "| Status | When |\n|---|---|",
    parameters: "Parameters:",
    request: "Request:",
    result: "Answer:",
    answers: "Statuses:",
    required: "needed",
    any: "any JSON",
  },
  zh: {
    intro: `# HTTP API

[English](api.md)

本页由 \`scripts/generate-docs.ts\` 依据解析请求的代码生成；测试会在真实服务器上运行每个示例，并核对每个应答的结构。供程序使用的同一份文档：持 API
密钥请求 \`GET /api/openapi.json\`，或登录后请求 \`GET /v1/openapi.json\`。可在线试用的页面：\`/v1/explorer\`。`,
    variables: `设置下列变量后，示例可原样运行：

\`\`\`sh
FLEETCAST=http://127.0.0.1:8000
API_KEY=...          # http_api.key，或 <数据目录>/secrets.json 中的密钥
PASSWORD=...         # 用户 admin 的密码
CSRF=...             # GET /v1/me 应答中的 "csrf"
CMD_ID=...           # POST /v1/commands 应答中的 "cmd_id"
TRACE_ID=...         # POST /v1/traces 应答中的 "id"
\`\`\`

\`board:warehouse\` 代表某个映射命名空间的频道，\`prices:all\` 代表某个共享轮询命名空间的频道；默认没有这些命名空间。`,
    access: `## 服务端 API 的密钥与错误

密钥可放在 \`X-API-Key: <密钥>\`、\`Authorization: apikey <密钥>\`、\`Authorization: Token <密钥>\` 或 \`?api_key=<密钥>\` 中。请求按以下顺序检查：路径未知 404，
方法不是 \`POST\` 405，密钥 401，请求体过大 413，无法解析 400。\`http_api.handler_prefix\` 更改 \`/api\`；\`http_server.internal_port\` 将其移到另一端口，
除非 \`http_api.external\` 保留；\`http_api.insecure\` 不校验密钥。

命令自身的错误以状态 200 返回，响应体为 \`{"error":{"code":...,"message":...}}\`。若设置 \`http_api.error_mode: transport\`，或单次请求带有请求头
\`X-Centrifugo-Error-Mode: transport\`，则返回下表中的状态码，响应体为 \`{"code":...,"message":...}\`。此规则适用于 \`POST /api/<方法>\`，
不适用于 \`POST /api\`、\`batch\` 以及 \`broadcast\` 的内层结果。`,
    errors: `| 错误码 | 消息 | transport 模式下的状态码 |
|---|---|---|
| 100 | internal server error | 500 |
| 102 | unknown channel | 404 |
| 104 | not found | 404 |
| 106 | limit exceeded | 500 |
| 107 | bad request | 400 |
| 108 | not available | 400 |
| 112 | unrecoverable position | 416 |
| 113 | conflict | 409 |`,
    limits: `请求体最大为 \`server.api_body_max\`（1 MiB），广播的频道数和批量命令数也由此限定。整数最大为 2^53-1。

\`/v1\` 的拒绝应答是问题文档（RFC 9457，\`application/problem+json\`）：\`{"type":"about:blank","title":...,"status":...,"detail":...,"code":...}\`；
若请求的某一部分有误，另有 \`field\`。程序应依据 \`code\` 判断。`,
    fieldHead: "| 字段 | 类型 | 含义 |\n|---|---|---|",
    resultHead: "| 字段 | 类型 |\n|---|---|",
    answerHead: "| 状态码 | 何时 |\n|---|---|",
    parameters: "参数：",
    request: "请求：",
    result: "应答：",
    answers: "状态码：",
    required: "必填",
    any: "任意 JSON",
  },
};
