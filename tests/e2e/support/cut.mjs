// A server and two browsers in a namespace of their own, whose media path can be cut.
import { launch } from "./browser.mjs";
import { makeNamespace } from "./namespace.mjs";
import { HIGH, LOW } from "./pair.mjs";
import { startServer } from "./server.mjs";

/** Ends with the test. */
export async function cuttable(t) {
  const namespace = makeNamespace();
  let server;
  let browsers = [];
  t.after(async () => {
    await Promise.all(browsers.map((browser) => browser.close()));
    await server?.stop();
    namespace.remove();
  });
  const { wrap, wrapper } = namespace;
  server = await startServer({ wrap, port: 8787, args: ["--dev", "--no-relay"] });
  browsers = await Promise.all([launch({ hertz: LOW, wrapper }), launch({ hertz: HIGH, wrapper })]);
  const [low, high] = browsers;
  return { namespace, server, low, high };
}
