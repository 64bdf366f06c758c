import assert from "node:assert/strict";
import { test } from "node:test";
import { createTopicLayout, filterMatches, inboundKinds, isVmId, TopicPatternError, topicKinds } from "./topics.ts";

const layout = createTopicLayout();

test("the default layout is the document's; every kind is built and parsed back", () => {
  assert.equal(layout.build("ack", "VM-SH-001"), "vm/VM-SH-001/cmd/ack");
  for (const kind of topicKinds) assert.deepEqual(layout.parse(layout.build(kind, "VM-SH-001")), { vmId: "VM-SH-001", kind });
  assert.deepEqual(layout.filters(inboundKinds), ["vm/+/telemetry", "vm/+/events", "vm/+/status", "vm/+/cmd/ack"]);
});

test("what is not a machine's topic has no meaning", () => {
  for (const topic of [
    "",
    "vm",
    "vm/",
    "vm//telemetry",
    "vm/a b/telemetry",
    "vm/VM-1",
    "vm/VM-1/telemetry/",
    "xvm/VM-1/telemetry",
    "vm/-1/telemetry",
  ]) {
    assert.equal(layout.parse(topic), undefined, topic);
  }
});

test("[M19] vm_id: 1 to 63 letters, digits, _ and -, the first a letter or digit", () => {
  for (const good of ["V", "VM-SH-001", "9", "a_b-c", "x".repeat(63), "constructor"]) assert.ok(isVmId(good), good);
  for (const bad of ["", "-a", "_a", "a/b", "a+b", "a#", "a b", "ä", "x".repeat(64), "a\n", "__proto__"]) assert.ok(!isVmId(bad), bad);
});

test("[A2] a machine writes its own subtree but its commands, and listens to nothing else", () => {
  assert.ok(layout.mayPublish("VM-1", "vm/VM-1/telemetry"));
  assert.ok(layout.mayPublish("VM-1", "vm/VM-1/cmd/ack"));
  assert.ok(layout.mayPublish("VM-1", "vm/VM-1/whatever"));
  for (const topic of ["vm/VM-1/cmd", "vm/VM-2/telemetry", "vm/VM-10/telemetry", "vm/VM-1", "$SYS/x", "$vm/VM-1/telemetry", "other"]) {
    assert.ok(!layout.mayPublish("VM-1", topic), topic);
  }
  for (const filter of ["vm/VM-1/cmd", "vm/VM-1/#", "vm/VM-1/+/ack"]) assert.ok(layout.maySubscribe("VM-1", filter), filter);
  for (const filter of ["#", "vm/#", "vm/+/cmd", "+/VM-1/cmd", "vm/VM-2/cmd", "vm/VM-1", "$share/g/vm/VM-1/cmd", "$SYS/#"]) {
    assert.ok(!layout.maySubscribe("VM-1", filter), filter);
  }
});

test("another layout: the machine first, last, or in another order for each kind", () => {
  const mixed = createTopicLayout({ telemetry: "t/{vm_id}", events: "{vm_id}/events", cmd: "fleet/a/{vm_id}/do" });
  for (const kind of topicKinds) assert.deepEqual(mixed.parse(mixed.build(kind, "VM-1")), { vmId: "VM-1", kind });
  assert.ok(mixed.mayPublish("VM-1", "t/VM-1"));
  assert.ok(!mixed.mayPublish("VM-1", "t/VM-1/more"));
  assert.ok(!mixed.mayPublish("VM-1", "fleet/a/VM-1/do"));
});

test("patterns that cannot work are refused with their kind", () => {
  for (const pattern of [
    "vm/telemetry",
    "vm/{vm_id}/{vm_id}",
    "vm/x{vm_id}/t",
    "vm/{vm_id}/#",
    "vm/+/{vm_id}",
    "$vm/{vm_id}",
    "vm/{vm_id}/events",
    "vm/{vm_id}/ö",
  ]) {
    assert.throws(() => createTopicLayout({ telemetry: pattern }), TopicPatternError, pattern);
  }
});

test("filters match by the standard's own examples [MQTT-4.7]", () => {
  for (const [filter, topic] of [
    ["sport/tennis/player1/#", "sport/tennis/player1"],
    ["sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon"],
    ["sport/#", "sport"],
    ["sport/+", "sport/"],
    ["+/+", "/finance"],
    ["/+", "/finance"],
    ["#", "a/b"],
    ["$SYS/#", "$SYS/a"],
  ] as const) {
    assert.ok(filterMatches(filter, topic), `${filter} ${topic}`);
  }
  for (const [filter, topic] of [
    ["sport/tennis/+", "sport/tennis/player1/ranking"],
    ["sport/+", "sport"],
    ["+", "/finance"],
    ["#", "$SYS/a"],
    ["+/monitor/Clients", "$SYS/monitor/Clients"],
    ["a/b", "a"],
  ] as const) {
    assert.ok(!filterMatches(filter, topic), `${filter} ${topic}`);
  }
});
