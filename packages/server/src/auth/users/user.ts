import { randomInt } from "node:crypto";
import type { Role } from "@fleetcast/protocol";

/** One of our users as everybody else sees it: without the password's hash. */
export interface User {
  /** `u_` and 10 random characters; also the user of their connections and the owner in `user_cmd:{id}`. */
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  /** Counts up when sessions and tokens made before must end. */
  readonly generation: number;
}

const roles: readonly Role[] = ["viewer", "operator", "developer", "admin"];

export function isRole(value: string): value is Role {
  return roles.includes(value as Role);
}

const idAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const idLength = 10;

export function newUserId(): string {
  let id = "u_";
  for (let count = 0; count < idLength; count += 1) id += idAlphabet[randomInt(idAlphabet.length)];
  return id;
}

export const userNameLengthMax = 64;
export const passwordLengthMin = 8;
/** Hashing cost grows with length; nobody types more. */
export const passwordLengthMax = 256;

/** Two spellings of one name are one user. */
export function nameKey(name: string): string {
  return name.normalize("NFKC").trim().toLowerCase();
}

/** Why a change to the users was refused; `code` is the word that `/v1` and the command line show. */
export class UserRefusal extends Error {
  override readonly name = "UserRefusal";
  readonly code: "bad_name" | "name_taken" | "bad_password" | "no_such_user";
  constructor(code: UserRefusal["code"], message: string) {
    super(message);
    this.code = code;
  }
}

export function checkName(name: string): void {
  const key = nameKey(name);
  if (key === "" || name.length > userNameLengthMax || /\p{C}/u.test(name)) {
    throw new UserRefusal("bad_name", `a name has 1 to ${userNameLengthMax} printable characters`);
  }
}

export function checkPassword(password: string): void {
  if (password.length < passwordLengthMin || password.length > passwordLengthMax) {
    throw new UserRefusal("bad_password", `a password has ${passwordLengthMin} to ${passwordLengthMax} characters`);
  }
}
