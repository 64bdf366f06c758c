/** Who works here, and which machines each of them may watch. A real backend asks its database. */
export interface Person {
  readonly name: string;
  readonly role: "manager" | "technician";
  /** Nobody is locked out of the code: a person who leaves is locked out here. */
  active: boolean;
  readonly machines: Set<string>;
}

export type People = ReadonlyMap<string, Person>;

export function examplePeople(): People {
  return new Map([
    ["admin_user_01", { name: "管理员", role: "manager", active: true, machines: new Set(["VM-SH-001", "VM-SH-002", "VM-BJ-007"]) }],
    ["li_na", { name: "李娜", role: "technician", active: true, machines: new Set(["VM-SH-001"]) }],
  ]);
}

/** `telemetry:VM-SH-001` and `events:VM-SH-001` belong to a machine, `user_cmd:li_na` to a user, `p_alert:global` to everybody here. */
export function mayWatch(people: People, user: string, channel: string): boolean {
  const person = people.get(user);
  if (person === undefined || !person.active) return false;
  const [namespace, rest] = split(channel);
  switch (namespace) {
    case "telemetry":
    case "events":
      return person.machines.has(rest);
    case "user_cmd":
      return rest === user;
    case "p_alert":
      return rest === "global";
    default:
      return false;
  }
}

/** Notes about a machine are written by those who watch it. */
export function mayWrite(people: People, user: string, channel: string): boolean {
  const [namespace, machine] = split(channel);
  return namespace === "events" && mayWatch(people, user, channel) && people.get(user)?.machines.has(machine) === true;
}

function split(channel: string): [namespace: string, rest: string] {
  const at = channel.indexOf(":");
  return at < 0 ? ["", channel] : [channel.slice(0, at), channel.slice(at + 1)];
}
