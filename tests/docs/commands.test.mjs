// Commands and settings of README and documentation: shells can read them, and the programs know what they name.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { blocks, pages, read } from "../../scripts/markdown.mjs";
import { program } from "../e2e/support/server.mjs";

const folder = mkdtempSync(join(tmpdir(), "pairvoice-commands-"));
after(() => rmSync(folder, { recursive: true }));

const PAGES = pages().filter((path) => !/^(CHANGELOG|ARCHITECTURE|bench\/)/.test(path));
const all = PAGES.flatMap((path) => [...blocks(path)]);
const where = ({ path, line }) => `${path}:${line}`;

test("shells can read every block of commands", () => {
  for (const block of all.filter(({ language }) => language === "sh")) {
    const { status, stderr } = spawnSync("sh", ["-n"], { input: block.code, encoding: "utf8" });
    assert.equal(status, 0, `${where(block)}\n${stderr}`);
  }
});

test("what is run by npm is a script of the package", () => {
  const { scripts } = JSON.parse(read("package.json"));
  for (const path of PAGES) {
    for (const [, name] of read(path).matchAll(/\bnpm run ([\w:-]+)/g)) assert.ok(name in scripts, `${path}: npm run ${name}`);
  }
});

test("whoever fetches looks whether it worked", () => {
  const fetching = all.filter(({ language, code }) => /^(ts|tsx|js|jsx|html|vue|svelte)$/.test(language) && code.includes("fetch("));
  assert.ok(fetching.length > 5, "blocks that fetch");
  for (const block of fetching) assert.match(block.code, /response\.ok\b/, where(block));
});

test("the server knows its options", () => {
  const help = execFileSync(program, ["--help"], { encoding: "utf8" }) + execFileSync(program, ["token", "--help"], { encoding: "utf8" });
  for (const block of all.filter(({ language }) => language === "sh")) {
    const commands = block.code.replaceAll("\\\n", " ").split(/[\n;&|]+/).filter((line) => /(?<!\w|\.)pairvoice-server /.test(line) && !/\b(apt|docker|systemctl|npx)\b/.test(line));
    for (const option of commands.flatMap((line) => line.split("pairvoice-server ")[1].match(/--[\w-]+/g) ?? [])) {
      assert.match(help, new RegExp(`${option}\\b`), `${where(block)}: ${option}`);
    }
  }
});

test("the server takes the settings", () => {
  const secret = "0".repeat(64);
  writeFileSync(join(folder, "secret"), secret, { mode: 0o600 });
  const key = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=example", "-keyout", join(folder, "privkey.pem"), "-out", join(folder, "fullchain.pem")];
  execFileSync("openssl", key, { stdio: "ignore" });
  const settings = all.filter(({ language }) => language === "toml");
  assert.ok(settings.length >= 2, "blocks of settings");
  for (const block of settings) {
    const file = join(folder, "pairvoice.toml");
    writeFileSync(file, block.code.replaceAll(/"\/(?:etc|var\/lib)\/pairvoice\//g, `"${folder}/`));
    const { status, stderr } = spawnSync(program, ["--config", file, "--print-config"], { encoding: "utf8" });
    assert.equal(status, 0, `${where(block)}\n${stderr}`);
  }
});
