import type { Access, Answer, Operation, Parameter, Shape, Tag, Texts } from "../openapi/operation.ts";
import { problemShape } from "./answers.ts";

/** What the operations of `/v1` have in common. */

const problem = { "application/problem+json": problemShape };
/** A body that is too large for any route is refused before one is asked. */
const problemOrText = { ...problem, "text/plain": { type: "string" } };

/** Why an operation may refuse, by status. */
const refusals = {
  400: {
    en: "The request cannot be read, or a part of it is not possible; `field` says which",
    zh: "请求无法解析，或其中某部分无效；`field` 指出是哪一部分",
  },
  401: { en: "Nobody is signed in", zh: "未登录" },
  403: { en: "The role does not allow this, or the CSRF header is missing or wrong", zh: "角色无此权限，或缺少、错用 CSRF 请求头" },
  404: { en: "It is not there, or is not yours: one answer for both", zh: "不存在或无权查看，两种情况应答相同" },
  409: { en: "It conflicts with what is there", zh: "与现有数据冲突" },
  413: { en: "The body is too large", zh: "请求体过大" },
  429: { en: "Too many at once", zh: "请求过多" },
  503: { en: "A part of the system does not answer; try again", zh: "系统某部分暂无应答，请稍后重试" },
} as const satisfies Readonly<Record<number, Texts>>;

export type RefusalStatus = keyof typeof refusals;

export interface V1Operation {
  readonly id: string;
  readonly method: Operation["method"];
  readonly path: string;
  readonly tag: Tag;
  readonly summary: Texts;
  readonly text?: Texts;
  readonly access: Access;
  readonly parameters?: readonly Parameter[];
  readonly request?: { readonly shape: Shape; readonly example: unknown };
  /** The body of 200; absent: the answer is 204. */
  readonly answer?: Shape;
  readonly ok: Texts;
  /** Beside those that every signed-in operation has. */
  readonly refuses?: readonly RefusalStatus[];
}

export function v1Operation({ answer, ok, refuses = [], ...operation }: V1Operation): Operation {
  const { access, request } = operation;
  const statuses = new Set<RefusalStatus>(refuses);
  if (access === "session" || access === "session_write") statuses.add(401);
  if (access === "session_write") statuses.add(403);
  if (request !== undefined) statuses.add(400).add(413);
  const refused = [...statuses]
    .sort((a, b) => a - b)
    .map((status): Answer => ({ status, text: refusals[status], bodies: status === 413 ? problemOrText : problem }));
  const good: Answer = answer === undefined ? { status: 204, text: ok } : { status: 200, text: ok, bodies: { "application/json": answer } };
  return { ...operation, answers: [good, ...refused] };
}

export function queryParameter(name: string, shape: Parameter["shape"], text: Texts): Parameter {
  return { name, in: "query", shape, text };
}

export function pathParameter(name: string, shape: Parameter["shape"], text: Texts, example: string): Parameter {
  return { name, in: "path", required: true, shape, text, example };
}

/** An integer as `Query.integer` reads it. */
export function integerShape({ min, max }: { readonly min: number; readonly max: number }, initial?: number): Parameter["shape"] {
  return { type: "integer", minimum: min, maximum: max, ...(initial === undefined ? {} : { default: initial }) };
}

export function patternShape(pattern: RegExp): Parameter["shape"] {
  return { type: "string", pattern: pattern.source };
}
