import type { OptionOverride } from "@fleetcast/engine";
import { badRequest } from "../../push/channel-rules.ts";
import type { UserTarget } from "../../push/push-engine.ts";
import type { Fields } from "../../push/raw-json/fields.ts";
import { readExpireAt, readPayload, readPosition } from "./field-values.ts";
import { type Call, done } from "./method.ts";

/** Methods about the connections of a user. */

export function subscribe(fields: Fields): Call {
  const target = readTarget(fields);
  const channel = fields.text("channel") ?? "";
  const info = readPayload(fields, "info");
  const data = readPayload(fields, "data");
  const expireAtS = readExpireAt(fields);
  const recoverSince = readPosition(fields.object("recover_since"));
  const override = readOverride(fields.object("override"));
  return async (push) => {
    if (channel === "" || info === "bad base64" || data === "bad base64") throw badRequest();
    await push.subscribe(target, { channel, info, data, expireAtS, recoverSince, override });
    return done;
  };
}

/** Each option is an object with a `value`; one without it says false. */
function readOverride(fields: Fields | undefined): OptionOverride | undefined {
  if (fields === undefined) return undefined;
  const option = (name: string): boolean | undefined => {
    const given = fields.object(name);
    return given === undefined ? undefined : (given.flag("value") ?? false);
  };
  const [presence, joinLeave, forcePushJoinLeave] = [option("presence"), option("join_leave"), option("force_push_join_leave")];
  const [forceRecovery, forcePositioning] = [option("force_recovery"), option("force_positioning")];
  return {
    ...(presence === undefined ? {} : { presence }),
    ...(joinLeave === undefined ? {} : { joinLeave }),
    ...(forcePushJoinLeave === undefined ? {} : { forcePushJoinLeave }),
    ...(forceRecovery === undefined ? {} : { forceRecovery }),
    ...(forcePositioning === undefined ? {} : { forcePositioning }),
  };
}

/** An empty channel is no error here: the end of nothing is pushed, and nothing ends. */
export function unsubscribe(fields: Fields): Call {
  const channel = fields.text("channel") ?? "";
  const target = readTarget(fields);
  return async (push) => {
    await push.unsubscribe(target, channel);
    return done;
  };
}

const uint32Max = 2 ** 32 - 1;

export function disconnect(fields: Fields): Call {
  const target = readTarget(fields);
  const whitelist = fields.texts("whitelist");
  const given = fields.object("disconnect");
  const with_ = given && { code: given.integer("code", 0, uint32Max) ?? 0, reason: given.text("reason") ?? "" };
  return async (push) => {
    await push.disconnect(target, with_, whitelist);
    return done;
  };
}

export function refresh(fields: Fields): Call {
  const target = readTarget(fields);
  const expired = fields.flag("expired");
  const expireAtS = readExpireAt(fields);
  const raw = fields.raw("info");
  const info = raw === undefined ? undefined : raw.slice();
  return async (push) => {
    await push.refresh(target, { expired, expireAtS, info });
    return done;
  };
}

function readTarget(fields: Fields): UserTarget {
  return {
    user: fields.text("user") ?? "",
    client: fields.text("client") || undefined,
    session: fields.text("session") || undefined,
  };
}
