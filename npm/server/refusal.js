// Refusals: what a client is told that is not let in, or whose event is not taken. Nothing else stands here, so that signing a token needs no room.

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
