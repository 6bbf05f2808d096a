// npm run lint:packaging: what of the packages can be checked without a container engine and without a running systemd.
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { pathToFileURL } from "node:url";

import { buildServer } from "./build.mjs";
import { ensureCargoTool, ensurePrograms, env, output, root, run } from "./tools.mjs";

const CARGO_DEB = "3.8.0";
const UNIT = "pairvoice-server.service";
/** Tenths of what `systemd-analyze security` calls exposure: 10 is a service without any protection, 0 one that does nothing. */
const MAX_EXPOSURE = 18;

/** Where the package puts things, and with which mode. */
const CONTENTS = {
  "./usr/bin/pairvoice-server": "-rwxr-xr-x",
  "./etc/pairvoice/pairvoice.toml": "-rw-r--r--",
  [`./usr/lib/systemd/system/${UNIT}`]: "-rw-r--r--",
  "./usr/lib/sysusers.d/pairvoice-server.conf": "-rw-r--r--",
  "./usr/share/doc/pairvoice-server/copyright": "-rw-r--r--",
  "./usr/share/doc/pairvoice-server/CHANGELOG.md": "-rw-r--r--",
  "./usr/share/doc/pairvoice-server/README.md": "-rw-r--r--",
  "./usr/share/doc/pairvoice-server/SECURITY.md": "-rw-r--r--",
};

/** Tags of lintian that this package is not meant to satisfy. */
const SUPPRESSED = [
  // CHANGELOG.md is the one list of changes; these would be a second one.
  "no-changelog",
  "wrong-name-for-upstream-changelog",
  // `--help` is the manual.
  "no-manual-page",
];

const read = (name) => readFileSync(join(root, name), "utf8");

/** Lines of a file without comments and empty ones. */
const lines = (name) => read(name).split("\n").filter((line) => line.trim() !== "" && !line.trimStart().startsWith("#"));

function fail(what, problems) {
  if (problems.length > 0) throw new Error(`${what}\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
}

/** The unit has no unknown keys or paths, and is hardened. */
export function checkUnit(program) {
  const folder = mkdtempSync(join(tmpdir(), "pairvoice-unit-"));
  try {
    // The program is not where the package would put it.
    writeFileSync(join(folder, UNIT), read(`packaging/${UNIT}`).replace("/usr/bin/pairvoice-server", program));
    const analyze = (...args) => {
      const { status, stdout, stderr } = spawnSync("systemd-analyze", [...args, join(folder, UNIT)], { env, encoding: "utf8" });
      return { status, text: `${stdout}${stderr}`.trim() };
    };
    const verified = analyze("verify", "--man=no");
    // An unknown key is a warning with status 0. What is said of other units of this machine is not about this one.
    const warnings = verified.text.split("\n").filter((line) => line.includes("pairvoice"));
    fail("systemd-analyze verify", verified.status === 0 ? warnings : [verified.text]);
    const judged = analyze("security", "--offline=true", `--threshold=${MAX_EXPOSURE}`, "--no-pager");
    fail("systemd-analyze security", judged.status === 0 ? [] : [judged.text]);
    console.log(judged.text.split("\n").at(-1).replace("→ ", ""));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The Dockerfile's instructions, with continued lines joined. */
export const instructions = (text) =>
  text
    .split("\n")
    .filter((line) => !line.trimStart().startsWith("#"))
    .join("\n")
    .replaceAll(/\\\n/g, " ")
    .split("\n")
    .map((line) => line.trim().match(/^([A-Z]+)\s+(.*)$/))
    .filter(Boolean)
    .map(([, name, rest]) => ({ name, words: rest.split(/\s+/).filter((word) => !word.startsWith("--")), rest }));

/** Whether .dockerignore leaves a path out: the last line that fits decides. */
function isIgnored(path) {
  const fits = (pattern) => (pattern.endsWith("*") ? path.startsWith(pattern.slice(0, -1)) : path === pattern || path.startsWith(`${pattern}/`));
  return lines(".dockerignore").reduce((ignored, line) => {
    const kept = line.startsWith("!");
    return fits(kept ? line.slice(1) : line) ? !kept : ignored;
  }, false);
}

const KNOWN = ["FROM", "WORKDIR", "COPY", "RUN", "USER", "VOLUME", "ENV", "EXPOSE", "STOPSIGNAL", "ENTRYPOINT"];

/** What the image is made of exists and is not ignored, and the image does not run as root. */
export function checkDockerfile() {
  const text = read("packaging/Dockerfile");
  const found = instructions(text);
  const problems = found.filter(({ name }) => !KNOWN.includes(name)).map(({ name }) => `${name}: not known here; check it by hand and add it`);
  const stages = new Set();
  for (const { name, words, rest } of found) {
    if (name === "FROM") {
      if (words[1]?.toUpperCase() === "AS") stages.add(words[2]);
      if (!/:[\w.-]+/.test(words[0]) || words[0].endsWith(":latest")) problems.push(`FROM ${words[0]}: name a version`);
    }
    if (name !== "COPY") continue;
    const stage = rest.match(/--from=(\S+)/)?.[1];
    if (stage) {
      if (!stages.has(stage)) problems.push(`COPY --from=${stage}: no such stage`);
      continue;
    }
    for (const source of words.slice(0, -1)) {
      if (!existsSync(join(root, source))) problems.push(`COPY ${source}: not there`);
      if (isIgnored(source)) problems.push(`COPY ${source}: .dockerignore leaves it out`);
    }
  }
  const last = found.slice(found.findLastIndex(({ name }) => name === "FROM"));
  const user = last.findLast(({ name }) => name === "USER")?.rest;
  if (!user || /^(root|0)\b/.test(user)) problems.push(`USER ${user}: the image must not run as root`);
  for (const name of ["ENTRYPOINT", "EXPOSE", "STOPSIGNAL", "VOLUME"]) {
    if (!last.some((instruction) => instruction.name === name)) problems.push(`${name}: missing`);
  }
  const entry = last.find(({ name }) => name === "ENTRYPOINT")?.rest ?? "[]";
  // There is no shell that could split a line.
  if (!entry.startsWith("[")) problems.push("ENTRYPOINT: an array, for the image has no shell");
  const members = read("Cargo.toml").match(/^members = \[(.*)\]/m)[1].matchAll(/"([^"]+)"/g);
  const copied = found.flatMap(({ name, words }) => (name === "COPY" ? words.slice(0, -1) : []));
  for (const [, member] of members) {
    if (!copied.some((path) => member === path || member.startsWith(`${path}/`))) problems.push(`COPY: Cargo wants the workspace's member ${member}`);
  }
  fail("packaging/Dockerfile", problems);
}

/** Every key of the example of settings, those in comments too, is a flag of the program; and it starts with them. */
export function checkSettings(program) {
  const help = output(program, ["--help"]);
  const flags = new Set([...help.matchAll(/--([a-z][a-z-]*)/g)].map(([, flag]) => flag));
  const keys = [...read("packaging/pairvoice.toml").matchAll(/^(?:# )?([a-z][a-z-]*) = /gm)].map(([, key]) => key);
  const variables = [...read("packaging/Dockerfile").matchAll(/\bPAIRVOICE_([A-Z_]+)=/g)].map(([, name]) => name.toLowerCase().replaceAll("_", "-"));
  const named = [...read(`packaging/${UNIT}`).matchAll(/^ExecStart=.*/gm)].flatMap(([line]) => [...line.matchAll(/--([a-z-]+)/g)].map(([, flag]) => flag));
  const unknown = (where, names) => names.filter((name) => !flags.has(name)).map((name) => `${where}: ${name} is no flag`);
  fail("settings", [...unknown("pairvoice.toml", keys), ...unknown("Dockerfile", variables), ...unknown(UNIT, named)]);
}

/** The Debian package has what it should have, where it should be, and lintian finds nothing else. */
export async function checkDeb() {
  const folder = mkdtempSync(join(tmpdir(), "pairvoice-deb-"));
  try {
    // The package is made of what is built already.
    await run("cargo", ["deb", "--quiet", "--no-build", "--package", "pairvoice-server", "--output", `${folder}/`]);
    const [name] = readdirSync(folder);
    const file = join(folder, name);
    const field = (key) => output("dpkg-deb", ["--field", file, key]);
    const problems = [];
    if (field("Package") !== "pairvoice-server") problems.push(`Package: ${field("Package")}`);
    if (!/\blibc6\b/.test(field("Depends"))) problems.push(`Depends: ${field("Depends")}`);
    const entries = output("dpkg-deb", ["--contents", file]).split("\n").map((line) => line.split(/\s+/));
    const modes = Object.fromEntries(entries.map((words) => [words[5], words[0]]).filter(([path]) => !path.endsWith("/")));
    for (const path of new Set([...Object.keys(CONTENTS), ...Object.keys(modes)])) {
      if (modes[path] !== CONTENTS[path]) problems.push(`${path}: ${modes[path] ?? "missing"}, not ${CONTENTS[path] ?? "expected"}`);
    }
    const scripts = output("dpkg-deb", ["--info", file, "conffiles"]);
    if (scripts !== "/etc/pairvoice/pairvoice.toml") problems.push(`conffiles: ${scripts}`);
    fail(name, problems);
    await run("lintian", ["--fail-on", "error,warning", "--allow-root", "--suppress-tags", SUPPRESSED.join(","), file]);
    console.log(`${name}: ${Object.keys(modes).length} files`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Throws when something is wrong. */
export async function checkPackaging() {
  checkDockerfile();
  await ensurePrograms({ "systemd-analyze": "systemd", "dpkg-deb": "dpkg", lintian: "lintian" });
  await ensureCargoTool("cargo-deb", "cargo-deb", CARGO_DEB);
  const program = await buildServer();
  checkSettings(program);
  checkUnit(program);
  await checkDeb();
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await checkPackaging().catch((error) => {
    console.error(`\nfailed: ${error.message}`);
    process.exit(1);
  });
}
