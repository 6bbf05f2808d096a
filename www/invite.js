// The link for the other person. A server for development gives everybody a token, so that the link needs none; others answer that
// there is none to have here, and then whoever runs the server hands links out.

/** Whom the link is for: the demo's links are for a mentor and a learner. */
const otherOf = ({ userId, peerUserId }) => peerUserId ?? (userId === "mentor" ? "learner" : "mentor");

/** Makes the button copy the link; `line` says what came of it, in words that `words` resolves with. */
export function inviteButton(button, line, ids, words) {
  const query = new URLSearchParams({ session: ids.sessionId, user: otherOf(ids) });
  // Whoever comes by it for the first time chooses microphone and speaker before the call.
  const invitation = new URLSearchParams([...query, ["ready", "first"]]);
  button.addEventListener("click", async () => {
    const response = await fetch(`/dev/token?${query}`, { cache: "no-store" }).catch(() => undefined);
    if (!response?.ok) {
      line.textContent = (await words).t("invite/none");
      return;
    }
    const link = `${location.origin}${location.pathname}?${invitation}`;
    try {
      await navigator.clipboard.writeText(link);
      line.textContent = (await words).t("invite/copied");
    } catch {
      // Without the permission the person can still copy by hand.
      line.textContent = link;
    }
  });
}
