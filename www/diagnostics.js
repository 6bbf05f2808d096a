// What the session did, as a file.

/** Saves the session's diagnostics. */
export function downloadDiagnostics(session) {
  const found = session.diagnostics();
  const blob = new Blob([JSON.stringify(found)], { type: "application/json" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `pairvoice-${found.ids.instance}.json`;
  link.click();
  // The browser has read it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
