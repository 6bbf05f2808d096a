// The rules of a session: the crate `room`, compiled to WebAssembly. A program that only signs tokens imports this file and never compiles it.
import { readFileSync } from "node:fs";

import { Refused } from "./refusal.js";
import { NodeRoom, admissionRefusal, initSync, readHandshake as read } from "./wasm/room.js";

let compiled = false;

/** Reads and compiles the rules, once; before that nothing else here can be called. */
export function compileRules() {
  if (!compiled) initSync({ module: readFileSync(new URL("./wasm/room_bg.wasm", import.meta.url)) });
  compiled = true;
}

/** JSON of what a client sent; `undefined` for what is none, such as a structure that is too deep. */
export function json(value) {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

/** Reads a handshake: `{ handshake, signals }`. Throws a refusal. */
export const readHandshake = (auth) => readHandshakeText(auth === undefined ? "" : (json(auth) ?? "["));

/** The same of its JSON. */
export function readHandshakeText(text) {
  const { Ok: known, Err: told } = JSON.parse(read(text));
  if (told) throw new Refused(told);
  return known;
}

/** Why a check is refused, or nothing. */
export function refusalOfCheck(user, grant, admission) {
  const refusal = admissionRefusal(user, JSON.stringify(grant), JSON.stringify(admission));
  return refusal && JSON.parse(refusal);
}

/** One session's room. */
export class Room {
  #room;

  constructor(session) {
    this.#room = NodeRoom.open(session);
  }

  /** Takes an input and gives the outputs; `undefined` when it does not have its form. */
  handle(input) {
    const text = json(input);
    const outputs = text === undefined ? undefined : this.#room.handle(text);
    return outputs === undefined ? undefined : JSON.parse(outputs);
  }

  get isEmpty() {
    return this.#room.isEmpty();
  }

  free() {
    this.#room.free();
  }
}
