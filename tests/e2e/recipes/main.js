// Mounts a component of site/recipes.md, whose code the test writes into .pages; `unmount()` takes it away.
import { mount, unmount } from "svelte";
import { createApp } from "vue";

import SvelteCall from "./.pages/Call.svelte";
import VueCall from "./.pages/Call.vue";
import Panel from "./.pages/Panel.vue";

const query = new URLSearchParams(location.search);
const options = {
  url: location.origin,
  sessionId: query.get("session"),
  userId: query.get("user"),
  async token() {
    const response = await fetch(`/dev/token?${new URLSearchParams({ session: options.sessionId, user: options.userId })}`);
    if (!response.ok) throw new Error(`no token: ${response.status}`);
    return response.text();
  },
};
const target = document.querySelector("main");

if (query.get("with") === "element") {
  target.addEventListener("pairvoice-joined", ({ detail }) => (globalThis.session = detail.session));
  const app = createApp(Panel, { session: options.sessionId, user: options.userId, token: options.token, onEnded: ({ reason }) => (globalThis.ended = reason) });
  app.mount(target);
  globalThis.unmount = () => app.unmount();
} else if (query.get("with") === "vue") {
  const app = createApp(VueCall, { options });
  app.mount(target);
  globalThis.unmount = () => app.unmount();
} else {
  const call = mount(SvelteCall, { target, props: { options } });
  globalThis.unmount = () => unmount(call);
}
