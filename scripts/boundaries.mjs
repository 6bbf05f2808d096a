// The invariants that a compiler does not check (ARCHITECTURE.md): who may import whom, and what the JavaScript boundary is.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { root } from "./tools.mjs";

const rules = [
  { folder: "core/src", forbid: /\b(web_sys|js_sys|wasm_bindgen|gloo|tokio|axum|socketioxide|std::time::(Instant|SystemTime)|async fn)\b/, why: "the core knows no browser, no server, no clock and no async" },
  { folder: "src", files: ["api.rs", "driver.rs"], forbid: /&mut self\b/, why: "an exported &mut self that is re-entered throws; state lives in cells" },
  { folder: "src", forbid: /Closure<dyn FnMut/, why: "an FnMut that is re-entered throws" },
  { folder: "src", files: ["peer_connection.rs", "microphone.rs", "speaker.rs", "signaling.rs", "level.rs", "page.rs", "context.rs"], forbid: /crate::(driver|api|peer_connection|microphone|speaker|signaling|level)\b/, why: "only the driver sees both worlds" },
  { folder: "src", files: ["peer_connection.rs", "microphone.rs", "speaker.rs", "signaling.rs", "listeners.rs"], forbid: /\.forget\(\)/, why: "listeners remove themselves" },
  { folder: "server/src", forbid: /\bpairvoice::/, why: "the server shares the core's wire types only" },
  { folder: "www", forbid: /from "\.\.\//, why: "the demo uses the package as an app would" },
];

/** Source files of a folder, tests and what was built left out. */
function* sources(folder) {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && entry.name !== "dist") yield* sources(path);
    else if (/\.(rs|js)$/.test(entry.name)) yield path;
  }
}

/** Throws when a rule is broken. */
export function checkBoundaries() {
  const broken = [];
  for (const { folder, files, forbid, why } of rules) {
    for (const path of sources(folder)) {
      if (files && !files.some((name) => path.endsWith(`/${name}`))) continue;
      const lines = readFileSync(join(root, path), "utf8").split("\n");
      const tests = lines.findIndex((line) => line.includes("#[cfg(test)]"));
      for (const [index, line] of lines.slice(0, tests < 0 ? undefined : tests).entries()) {
        if (forbid.test(line) && !line.trimStart().startsWith("//")) broken.push(`${path}:${index + 1}: ${why}\n  ${line.trim()}`);
      }
    }
  }
  if (broken.length > 0) throw new Error(`boundaries\n${broken.join("\n")}`);
}
