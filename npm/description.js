// What is changed in a remote description before it is set (RFC 8866). Local ones stay as the browser made them, and so does
// everything of a remote one that is not named here, byte for byte.

import { preferredCodecs } from "./copies.js";

/** The payload type of a codec. */
const payloadType = (sdp, codec) => sdp.match(new RegExp(`^a=rtpmap:(\\d+) ${codec}\\b`, "im"))?.[1];

/**
 * A remote description as this package wants it.
 *
 * Without numbers for transport-wide feedback (the header extension) a browser adds no packets of its own when some are lost, and each
 * packet is shorter: what is sent is decided by the core. The line `a=rtcp-fb` of the same stays: without it Chromium takes the headers of
 * RED's packets from the bit rate that was asked for (measured: 5 kbit/s of 16).
 *
 * What is said of Opus is said in the other's name (RFC 7587 section 6.1): one channel; and where this side will send copies, none of its
 * own error correction, which would take a good part of the bits of a low rate.
 */
export function tuned(sdp, answer) {
  const plain = sdp.replace(/^a=extmap:.*transport-wide-cc.*\r?\n/gim, "");
  const opus = payloadType(sdp, "opus/48000/2");
  const red = answer ? prefersRed(sdp) : preferredCodecs() && payloadType(sdp, "red/48000/2");
  const wanted = red ? ["stereo=0", "useinbandfec=0"] : ["stereo=0"];
  return plain.replace(new RegExp(`^(a=fmtp:${opus} )(.*)`, "m"), (_, name, said) => {
    const other = (word) => !wanted.some((own) => own.split("=")[0] === word.split("=")[0]);
    return `${name}${[...said.trim().split(";").filter(other), ...wanted].join(";")}`;
  });
}

/** RED stands first, so that it is what is sent (RFC 9429 section 5.2.2). */
export function prefersRed(sdp) {
  const first = sdp.match(/^m=audio \S+ \S+ (\d+)/m)?.[1];
  return first !== undefined && first === payloadType(sdp, "red/48000/2");
}
