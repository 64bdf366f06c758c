import assert from "node:assert/strict";
import { disconnects } from "@fleetcast/protocol";
import { EngineBench, test, token } from "../../testing/index.ts";
import type { Admit } from "../ports.ts";

const namespaces = { plain: { allowSubscribeForClient: true } };

test("[ADM1] a cut ends who is meant at once, by user, by token or by its age, and leaves the others", async () => {
  const b = new EngineBench({ namespaces });
  const [ann, old, other] = [
    await b.connect({ user: "ann", tokenId: "j1", issuedAtS: 100 }),
    await b.connect({ user: "bob", tokenId: "j2", issuedAtS: 50 }),
    await b.connect({ user: "bob" }),
  ];
  await ann.subscribe("plain:a");
  assert.equal(
    b.engine.cut(({ tokenId }) => tokenId === "j1", disconnects.invalidToken),
    1,
  );
  await b.clock.settle();
  assert.deepEqual([ann.closeCode, old.closeCode, other.closeCode], [3500, undefined, undefined]);
  assert.equal(
    b.engine.cut(({ issuedAtS }) => issuedAtS !== undefined && issuedAtS < 60, disconnects.invalidToken),
    1,
  );
  await b.clock.settle();
  assert.equal(old.closeCode, 3500);
  assert.equal(
    b.engine.cut(({ user }) => user === "bob", disconnects.permissionDenied),
    1,
  );
  await b.clock.settle();
  assert.equal(other.closeCode, 3507);
  assert.equal(b.engine.stats().connections, 0);
  assert.equal(b.engine.channels().size, 0);
});

test("[ADM2] whoever is shut out is refused at connect, whatever vouched for them, and at a refresh", async () => {
  const shutOut = new Set<string>();
  const seen: string[] = [];
  const admit: Admit = ({ user, tokenId, issuedAtS, hasToken }) => {
    seen.push(`${user} ${tokenId} ${issuedAtS} ${hasToken}`);
    return shutOut.has(user) ? disconnects.permissionDenied : undefined;
  };
  const b = new EngineBench({ namespaces, ports: { admit } });
  const ann = await b.connect({ user: "ann", tokenId: "j1", issuedAtS: 7 });
  const byHeader = b.open({ headerUser: "dan" });
  await byHeader.call("connect", {});
  assert.deepEqual(seen, ["ann j1 7 true", "dan undefined undefined false"]);
  shutOut.add("ann").add("dan");
  await ann.call("refresh", { token: token({ user: "ann" }) });
  assert.equal(ann.closeCode, 3507);
  const again = await b.connect({ user: "ann" });
  assert.equal(again.closeCode, 3507);
  const second = b.open({ headerUser: "dan" });
  await second.call("connect", {});
  assert.equal(second.closeCode, 3507);
  assert.equal(b.engine.stats().connections, 1);
});

test("[ADM1] a block in the middle of a connect leaves nobody behind", async () => {
  let blocked = false;
  const b = new EngineBench({
    namespaces: { plain: { allowSubscribeForClient: true, historySize: 5, historyTtlMs: 60_000, forceRecovery: true } },
    ports: { admit: () => (blocked ? disconnects.permissionDenied : undefined) },
  });
  await b.publish("plain:a", "1");
  const client = b.open();
  // The connect waits for its channel's history while the user is blocked and cut.
  b.gate.holdReads();
  const connecting = client.call("connect", { token: token({ user: "ann", channels: ["plain:a"] }) });
  await b.clock.settle();
  blocked = true;
  b.engine.cut(({ user }) => user === "ann", disconnects.permissionDenied);
  b.gate.releaseReads();
  await b.clock.settle();
  await connecting.catch(() => undefined);
  assert.equal(client.closeCode, 3507);
  assert.equal(b.engine.channels().size, 0);
});
