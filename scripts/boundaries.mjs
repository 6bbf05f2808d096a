// The invariants that a compiler does not check (ARCHITECTURE.md): who may import whom, and what the JavaScript boundary is.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { root } from "./tools.mjs";

const world = "web_sys|js_sys|wasm_bindgen|gloo|tokio|axum|hyper|engineioxide|rusqlite|std::time::(Instant|SystemTime)|std::sync|async fn";
const pure = new RegExp(`\\b(${world})\\b`);

const rules = [
  { folder: "crates/wire/src", forbid: pure, why: "the vocabulary knows no browser, no server, no clock and no async" },
  { folder: "crates/core/src", forbid: pure, why: "the client's decisions know no browser, no server, no clock, no lock and no async" },
  { folder: "crates/room/src", forbid: pure, why: "the server's decisions know no socket, no clock, no lock, no database and no async" },
  { folder: "crates/relay/src", forbid: pure, why: "the relay knows no socket, no clock, no lock and no async" },
  { folder: "src", files: ["api.rs", "driver.rs"], forbid: /&mut self\b/, why: "an exported &mut self that is re-entered throws; state lives in cells" },
  { folder: "crates/room-node/src", files: ["lib.rs"], forbid: /&mut self\b/, why: "an exported &mut self that is re-entered throws; state lives in cells" },
  { folder: "src", forbid: /Closure<dyn FnMut/, why: "an FnMut that is re-entered throws" },
  { folder: "src", files: ["peer_connection.rs", "microphone.rs", "speaker.rs", "signaling.rs", "storage.rs", "addresses.rs", "level.rs", "page.rs", "context.rs"], forbid: /crate::(driver|api|connections|peer_connection|microphone|speaker|signaling|storage|level)\b(?!::ImplicitDescription)/, why: "only the driver sees both worlds; all report to its inbox" },
  { folder: "src", files: ["peer_connection.rs", "microphone.rs", "speaker.rs", "signaling.rs", "listeners.rs", "storage.rs"], forbid: /\.forget\(\)/, why: "listeners remove themselves" },
  // What chooses, fills in and counts words is one for the panel and the page around it.
  { folder: "www", forbid: /from "\.\.\/(?!npm\/element\/words\.js")/, why: "the demo uses the package as an app would" },
];

/** Who may depend on whom, of this workspace: core → wire ← room, the package → core, the server → room. */
const dependencies = {
  "crates/wire": [],
  "crates/core": ["pairvoice-wire"],
  "crates/relay": [],
  "crates/room": ["pairvoice-wire"],
  "crates/room-node": ["pairvoice-room", "pairvoice-wire"],
  "crates/server": ["pairvoice-relay", "pairvoice-room", "pairvoice-wire"],
  "tests/sim": ["pairvoice-core", "pairvoice-room", "pairvoice-wire"],
  "bench/server/load": [],
  ".": ["pairvoice-core"],
};

/** Dependencies on crates of this workspace that are not in the picture. */
function* crossings() {
  for (const [folder, allowed] of Object.entries(dependencies)) {
    const manifest = readFileSync(join(root, folder, "Cargo.toml"), "utf8");
    // The workspace's own table says where the crates are, not who uses them.
    const own = manifest.replace(/\[workspace\.dependencies\][^[]*/, "");
    for (const [, name] of own.matchAll(/^(pairvoice-\w+)\s*=/gm)) {
      if (!allowed.includes(name)) yield `${folder}/Cargo.toml: must not depend on ${name}`;
    }
  }
}

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
  const broken = [...crossings()];
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
