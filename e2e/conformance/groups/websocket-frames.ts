import { standard } from "../configs/standard.ts";
import { addCases } from "../frames/add-case.ts";
import { utf8Cases } from "../frames/utf8-cases.ts";
import { wireCases } from "../frames/wire-cases.ts";
import { conformance } from "../harness/rule.ts";

const { group, rule } = conformance({
  name: "websocket-frames",
  title: "WebSocket frames",
  about: "What the server does with every kind of frame, right and wrong, in the categories of the Autobahn test suite.",
  config: standard,
});

addCases(rule, [...wireCases(), ...utf8Cases()]);

export default group;
