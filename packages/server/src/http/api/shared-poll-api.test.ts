import { type Case, runCases } from "./testing-tables.ts";

/** `shared_poll_publish` by its table (SP40 in docs/spec/shared-poll.md). The conformance suite asks the same of the real server. */

const badRequest = '{"error":{"code":107,"message":"bad request"}}';
const done = '{"result":{}}';
const rows: readonly (readonly [name: string, body: string, answer: string])[] = [
  ["[SP41] a value that nobody follows", '{"channel":"sp:@","key":"k","data":{"n":1},"version":1,"epoch":"e"}', done],
  ["[SP41] base64 wins over data", '{"channel":"sp:@","key":"k","data":5,"b64data":"AAE=","version":1}', done],
  ["[SP40] no channel", '{"key":"k","data":1,"version":1}', badRequest],
  ["[SP40] no key, whatever the namespace", '{"channel":"nope:@","data":1,"version":1}', badRequest],
  ["[SP40] version 0", '{"channel":"sp:@","key":"k","data":1,"version":0}', badRequest],
  [
    "[SP40] an unknown namespace",
    '{"channel":"nope:@","key":"k","data":1,"version":1}',
    '{"error":{"code":102,"message":"unknown channel"}}',
  ],
  ["[SP40] a stream", '{"channel":"mem:@","key":"k","data":1,"version":1}', badRequest],
  ["[SP40] a map", '{"channel":"mp:@","key":"k","data":1,"version":1}', badRequest],
  ["[SP40] not allowed", '{"channel":"sr:@","key":"k","data":1,"version":1}', '{"error":{"code":108,"message":"not available"}}'],
  ["[SP40] bad base64", '{"channel":"sp:@","key":"k","b64data":"!","version":1}', badRequest],
  ["[SP40] no data", '{"channel":"sp:@","key":"k","version":1}', badRequest],
];

const cases: readonly Case[] = [
  ...rows.map(([name, body, answer]) => ({ status: 200, path: "/api/shared_poll_publish", name, body, answer })),
  {
    status: 200,
    path: "/api",
    name: "[SP40] by its number 39",
    body: '{"method":39,"params":{"channel":"sp:@","key":"k","data":1,"version":1}}',
    answer: done,
  },
  {
    status: 400,
    path: "/api/shared_poll_publish",
    name: "[SP40] a version that is no number",
    body: '{"version":"1"}',
    answer: /bad|request/i,
  },
];

runCases(cases.map((row) => ({ ...row, on: ["embedded"] as const })));
