import assert from "node:assert/strict";
import { standard } from "../configs/standard.ts";
import { conformance } from "../harness/rule.ts";

const { group, rule } = conformance({
  name: "framing",
  title: "Frames and commands",
  about: "How commands and replies are put into frames, and what ends a connection at once.",
  config: standard,
});

rule("[C2.1] a command before connect ends the connection with 3501", async (side) => {
  const client = await side.open();
  client.send({ id: 1, subscribe: { channel: side.channel("open:a") } });
  await client.closed(3501);
});

rule("[C2.2] a second connect ends the connection with 3501", async (side) => {
  const client = await side.connect();
  client.send({ id: 9, connect: {} });
  await client.closed(3501);
});

rule("[C8.1] several commands of one frame are answered in their order, each with its id", async (side) => {
  const client = await side.connect();
  client.send(
    { id: 70, subscribe: { channel: side.channel("open:a") } },
    { id: 5, presence_stats: { channel: side.channel("open:a") } },
    { id: 70, unsubscribe: { channel: side.channel("open:a") } },
  );
  const ids = [(await client.next())["id"], (await client.next())["id"], (await client.next())["id"]];
  assert.deepEqual(ids, [70, 5, 70]);
});

export default group;
