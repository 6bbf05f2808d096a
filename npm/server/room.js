// The rules of a session: the crate `room`, compiled to WebAssembly. It is read from the disk and compiled when this file is imported.
import { readFileSync } from "node:fs";

import { NodeRoom, admissionRefusal, initSync, readHandshake as read } from "./wasm/room.js";

initSync({ module: readFileSync(new URL("./wasm/room_bg.wasm", import.meta.url)) });

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

const RETRYABLE = new Set(["rate-limited", "not-joined", "busy", "storage-full", "restarting"]);

/** A refusal as clients are told it. */
export function refusal(code, message, afterMs, detail) {
  return { code, message, retryable: RETRYABLE.has(code), ...(afterMs === undefined ? {} : { afterMs }), ...(detail === undefined ? {} : { detail }) };
}

/** A refusal that is thrown. */
export class Refused extends Error {
  constructor(told) {
    super(told.message);
    this.name = "PairvoiceRefusal";
    this.refusal = told;
  }
}

/** Throws a refusal. */
export function refuse(code, message, afterMs) {
  throw new Refused(refusal(code, message, afterMs));
}

/** Throws a refusal of a token; `detail` says what is wrong with it, if that is known. */
export function unauthorized(message, detail) {
  throw new Refused(refusal("unauthorized", message, undefined, detail));
}
