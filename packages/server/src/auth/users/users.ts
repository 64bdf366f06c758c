import type { Clock } from "@fleetcast/engine";
import type { Role } from "@fleetcast/protocol";
import type { Journal } from "@fleetcast/storage";
import type { Logger } from "../../log.ts";
import type { UserLookup } from "../principal.ts";
import { checkName, checkPassword, isRole, nameKey, newUserId, type User, UserRefusal } from "./user.ts";

/** Slow hashing of people's passwords (argon2id), off the event loop; the runtime implements it. */
export interface PasswordHasher {
  hash(password: string): Promise<string>;
  /** False, never a throw, for a hash that cannot be read. */
  verify(password: string, hash: string): Promise<boolean>;
}

/** All users, in memory; the journal keeps them. Refusals are `UserRefusal`. */
export interface Users extends UserLookup {
  byId(id: string): User | undefined;
  byName(name: string): User | undefined;
  all(): readonly User[];
  /** @throws UserRefusal bad_name, name_taken, bad_password */
  createUser(user: { readonly name: string; readonly role: Role; readonly password: string }): Promise<User>;
  /** Ends every session and token of the user. @throws UserRefusal no_such_user, bad_password */
  setPassword(id: string, password: string): Promise<User>;
  /** Ends every session and token of the user. @throws UserRefusal no_such_user */
  setRole(id: string, role: Role): Promise<User>;
  /** Ends every session and token of the user. @throws UserRefusal no_such_user */
  endSessions(id: string): Promise<User>;
  /** The stored hash, for the login alone. */
  passwordHash(id: string): string | undefined;
  /** Called after a commit that ended a user's sessions and tokens: the push engine cuts their connections (A1). */
  onRevoked(listener: (userId: string) => void): void;
}

interface Entry {
  readonly user: User;
  readonly passwordHash: string;
}

export interface UsersPorts {
  readonly journal: Pick<Journal, "append" | "fleet">;
  readonly hasher: PasswordHasher;
  readonly clock: Pick<Clock, "wallMs">;
  readonly log: Logger;
}

export async function loadUsers(ports: UsersPorts): Promise<Users> {
  const { journal, hasher, clock, log } = ports;
  const entries = new Map<string, Entry>();
  const idsByName = new Map<string, string>();
  /** Names of users being stored: two requests for one name must not both pass the check. */
  const reserved = new Set<string>();
  const listeners: ((userId: string) => void)[] = [];

  for (const { id, name, role, passwordHash, generation } of await journal.fleet.users()) {
    if (isRole(role)) keep({ user: { id, name, role, generation }, passwordHash });
    else log.error({ user: id }, "a stored user has an unknown role and cannot sign in");
  }

  function keep(entry: Entry): void {
    entries.set(entry.user.id, entry);
    idsByName.set(nameKey(entry.user.name), entry.user.id);
  }

  function store({ user, passwordHash }: Entry): Promise<void> {
    return new Promise((resolve, reject) => {
      const record = { kind: "user" as const, ...user, passwordHash };
      journal.append({ atMs: clock.wallMs(), records: [record], publications: [] }, (outcome) => {
        if (outcome.verdict === "stored") resolve();
        else reject(new Error(`the store refused the user: ${outcome.reason ?? outcome.verdict}`));
      });
    });
  }

  /** One change of a user after the other, so that no generation is given twice. */
  let changes: Promise<unknown> = Promise.resolve();
  function change(id: string, apply: (entry: Entry) => Entry): Promise<User> {
    const done = changes.then(async () => {
      const before = entries.get(id);
      if (before === undefined) throw new UserRefusal("no_such_user", "there is no such user");
      const changed = apply(before);
      const after = { ...changed, user: { ...changed.user, generation: before.user.generation + 1 } };
      await store(after);
      keep(after);
      for (const listener of listeners) listener(id);
      return after.user;
    });
    changes = done.catch(() => {
      // The caller gets the failure; the next change does not.
    });
    return done;
  }

  return {
    byId: (id) => entries.get(id)?.user,
    byName: (name) => entries.get(idsByName.get(nameKey(name)) ?? "")?.user,
    all: () => [...entries.values()].map((entry) => entry.user),
    passwordHash: (id) => entries.get(id)?.passwordHash,
    onRevoked: (listener) => {
      listeners.push(listener);
    },
    async createUser({ name, role, password }) {
      checkName(name);
      checkPassword(password);
      const key = nameKey(name);
      if (idsByName.has(key) || reserved.has(key)) throw new UserRefusal("name_taken", "there is a user of this name");
      reserved.add(key);
      try {
        const user: User = { id: newUserId(), name: name.trim(), role, generation: 1 };
        const entry = { user, passwordHash: await hasher.hash(password) };
        await store(entry);
        keep(entry);
        return user;
      } finally {
        reserved.delete(key);
      }
    },
    async setPassword(id, password) {
      checkPassword(password);
      const passwordHash = await hasher.hash(password);
      return change(id, (entry) => ({ ...entry, passwordHash }));
    },
    endSessions: (id) => change(id, (entry) => entry),
    setRole: (id, role) => change(id, (entry) => ({ ...entry, user: { ...entry.user, role } })),
  };
}
