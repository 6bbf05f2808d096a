// npm run bench:page: the demo in text mode as a window opens it: tasks of its main thread after its first paint, in processor time, which another
// program's work does not lengthen, and shifts of its layout. TIMES=5 openings; FOLDERS=www,… compares the builds in FOLDER/dist, one opening
// of each in turn. LIGHTHOUSE=<folder that has it in node_modules> has Lighthouse judge the page as well, which needs a quiet machine; with PHONE=1
// as it does by itself, with a phone's width, a processor four times slower and a slow network.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { buildDemo, buildServer, buildWasm } from "../scripts/build.mjs";
import { ensureNodePackages, ensureRust } from "../scripts/tools.mjs";
import { launch } from "../tests/e2e/support/browser.mjs";
import { startServer } from "../tests/e2e/support/server.mjs";

const TIMES = Number(process.env.TIMES ?? 5);
const FOLDERS = (process.env.FOLDERS ?? "www").split(",");
const { LIGHTHOUSE, PHONE } = process.env;
/** Longer tasks keep a person waiting (Long Tasks API), in milliseconds. */
const LONG_MS = 50;
/** So long the editor may take, and so long the page is watched once it is there, in milliseconds. */
const [LIMIT_MS, WATCHED_MS] = [60_000, 2_000];
/** The editor is there, with its colours. */
const THERE = `Boolean(document.querySelector("#code-editor")?.shadowRoot?.querySelector(".cm-line span"))`;

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

if (!process.env.FOLDERS) {
  await ensureNodePackages();
  await ensureRust();
  await buildWasm();
  await buildDemo();
  if (!process.env.PAIRVOICE_SERVER) await buildServer();
}

/** Opens the page in a browser of its own, and reads Chromium's trace of it. */
async function open(url) {
  const browser = await launch();
  try {
    const page = await browser.newPage({ viewport: { width: 1350, height: 940 } });
    const debug = await browser.newBrowserCDPSession();
    const events = [];
    debug.on("Tracing.dataCollected", ({ value }) => events.push(...value));
    const complete = new Promise((resolve) => debug.once("Tracing.tracingComplete", resolve));
    await debug.send("Tracing.start", { transferMode: "ReportEvents", traceConfig: { includedCategories: ["toplevel", "devtools.timeline", "loading", "blink.user_timing"] } });
    await page.goto(url);
    // By the debugger, whose question takes the page less time than Playwright's own.
    const asked = await page.context().newCDPSession(page);
    for (const deadline = Date.now() + LIMIT_MS; !(await asked.send("Runtime.evaluate", { expression: THERE })).result.value; await pause(200)) {
      if (Date.now() > deadline) throw new Error("waited in vain for the editor");
    }
    await pause(WATCHED_MS);
    await debug.send("Tracing.end");
    await complete;
    return read(events);
  } finally {
    await browser.close();
  }
}

function read(events) {
  const { pid, ts: began } = events.findLast(({ name, args }) => name === "navigationStart" && args.data?.documentLoaderURL?.startsWith("http"));
  const own = events.filter((event) => event.pid === pid && event.ts >= began);
  const { tid } = events.find((event) => event.pid === pid && event.name === "thread_name" && event.args.name === "CrRendererMain");
  const painted = own.find(({ name }) => name === "firstContentfulPaint").ts;
  const tasks = own.filter((event) => event.tid === tid && event.ph === "X" && event.name.endsWith("RunTask") && event.ts >= painted).map(({ tdur = 0 }) => tdur / 1000);
  const shifts = own.filter(({ name }) => name === "LayoutShift").map(({ args }) => args.data.score);
  const sum = (values) => values.reduce((all, value) => all + value, 0);
  return { longest: Math.max(...tasks), blocking: sum(tasks.map((ms) => Math.max(0, ms - LONG_MS))), all: sum(tasks), shift: sum(shifts) };
}

/** What Lighthouse makes of the page: scores and times by name, or nothing when its trace is broken. */
async function judge(url) {
  const folder = mkdtempSync(join(tmpdir(), "pairvoice-lighthouse-"));
  const file = join(folder, "report.json");
  const flags = [...(PHONE ? [] : ["--preset=desktop"]), "--quiet", "--output=json", `--output-path=${file}`, "--chrome-flags=--headless=new --no-sandbox --disable-gpu"];
  const child = spawn("npx", ["lighthouse", url, ...flags], { cwd: LIGHTHOUSE, env: { CHROME_PATH: "/usr/bin/chromium", ...process.env }, stdio: "ignore" });
  await new Promise((resolve) => child.once("exit", resolve));
  const { runtimeError, categories, audits } = JSON.parse(readFileSync(file, "utf8"));
  rmSync(folder, { recursive: true });
  if (runtimeError) return {};
  const scores = Object.fromEntries(Object.entries(categories).map(([name, { score }]) => [name, score * 100]));
  const times = ["first-contentful-paint", "largest-contentful-paint", "total-blocking-time", "cumulative-layout-shift"].map((name) => [name, audits[name].numericValue]);
  return { ...scores, ...Object.fromEntries(times) };
}

const found = Object.fromEntries(FOLDERS.map((folder) => [folder, []]));
for (let time = 0; time < TIMES; time += 1) {
  for (const folder of FOLDERS) {
    const server = await startServer({ page: folder });
    try {
      const url = `${server.url}/?session=page&user=mentor&voice=off`;
      found[folder].push({ ...(await open(url)), ...(LIGHTHOUSE ? await judge(url) : {}) });
    } finally {
      await server.stop();
    }
  }
}
for (const [folder, rows] of Object.entries(found)) {
  console.log(`\n${folder}: median of ${TIMES} (least, most)`);
  for (const name of new Set(rows.flatMap(Object.keys))) {
    const values = rows.map((row) => row[name]).filter((value) => value !== undefined);
    const [middle, least, most] = [median(values), Math.min(...values), Math.max(...values)].map((value) => value.toFixed(name.includes("shift") ? 3 : 0));
    console.log(`${name.padEnd(26)} ${middle} (${least}, ${most})`);
  }
}
