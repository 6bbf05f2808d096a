// A page that only has the package: tests call it as an app's code would.
import * as pairvoice from "pairvoice";

const query = new URLSearchParams(location.search);

globalThis.pairvoice = pairvoice;
globalThis.options = {
  url: location.origin,
  sessionId: query.get("session"),
  userId: query.get("user"),
  peerUserId: query.get("peer") ?? undefined,
  standby: query.has("standby"),
  log: query.get("log") ?? undefined,
  token: query.get("token") ?? (async () =>
    (await fetch(`/dev/token?${new URLSearchParams({ session: query.get("session"), user: query.get("user") })}`)).text()),
};
