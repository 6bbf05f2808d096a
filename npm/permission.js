// Why the browser brings no microphone, for what asks without a session: the rule of src/permission.rs.

/** The permission of the microphone (W3C Permissions); `undefined` where the browser does not tell. */
export const permission = async () => navigator.permissions?.query({ name: "microphone" }).catch(() => undefined);

const REASONS = { SecurityError: "blocked", NotFoundError: "missing", OverconstrainedError: "missing" };

/** The reason of an error of `getUserMedia` (W3C Media Capture and Streams section 10.2). */
export async function microphoneReason({ name, message }) {
  if (name !== "NotAllowedError") return REASONS[name] ?? "busy";
  // Browsers have one error for the person, the system (Chromium: "Permission denied by system") and the page's policy.
  if (String(message).endsWith("by system") || document.featurePolicy?.allowsFeature?.("microphone") === false) return "blocked";
  // Closed without an answer, or refused for this time only; and what the person allowed, and is withheld all the same.
  return { prompt: "dismissed", granted: "blocked" }[(await permission())?.state] ?? "denied";
}
