// One real Chromium process a side, driven through the demo page as a person would.
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

import { toneFile } from "./tone.mjs";

const witness = readFileSync(fileURLToPath(new URL("witness.js", import.meta.url)), "utf8");

/** A wait for a state gives up after this: three times what the longest of them may take. */
export const CAP_MS = 45_000;

/** What pages ask of the signalling server by HTTP. */
const SERVER = /\/socket\.io\/|\/pairvoice\/knock/;

const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--use-fake-device-for-media-stream",
];

/**
 * The command line of a Chromium whose microphone plays a tone.
 * `prompt`: "grant" answers the permission prompt by itself, "leave" leaves it to the test's permissions.
 */
export function chromiumFlags({ hertz, prompt = "grant", autoplay = true, more = [], without = [] } = {}) {
  const args = [...flags, ...more];
  if (hertz) args.push(`--use-file-for-fake-audio-capture=${toneFile(hertz)}`);
  if (prompt === "grant") args.push("--use-fake-ui-for-media-stream");
  if (autoplay) args.push("--autoplay-policy=no-user-gesture-required");
  return args.filter((flag) => !without.includes(flag));
}

/** Launches a browser; the options are those of `chromiumFlags`. */
export async function launch({ wrapper, ...options } = {}) {
  return chromium.launch({
    executablePath: wrapper ?? process.env.PAIRVOICE_CHROMIUM ?? "/usr/bin/chromium",
    args: chromiumFlags(options),
    ignoreDefaultArgs: ["--mute-audio"],
  });
}

/** A person at the demo page. */
export class Person {
  static async open(browser, server, user, { context = {}, query = {}, hash = "", init, open = true } = {}) {
    const person = new Person();
    person.context = await browser.newContext(context);
    person.context.setDefaultTimeout(CAP_MS);
    await person.context.addInitScript(witness);
    if (init) await person.context.addInitScript(init);
    person.address = `${server.url}/?${new URLSearchParams({ session: "s-1", user, ...query })}${hash}`;
    await person.newPage();
    if (open) await person.visit();
    return person;
  }

  async newPage() {
    this.page = await this.context.newPage();
    this.listenToConsole();
  }

  listenToConsole() {
    this.console = [];
    this.page.on("console", (message) => this.console.push(message.text()));
    this.page.on("pageerror", (error) => this.console.push(`uncaught: ${error.message}`));
  }

  visit() {
    return this.page.goto(this.address);
  }

  /** Waits until the state satisfies a condition, given as a function that runs in the page. */
  async until(condition, argument) {
    // A function and not a text: the page's content security policy forbids evaluating texts once the call is under way.
    const reached = new Function("argument", `return (${condition})(globalThis.session?.getState() ?? {}, argument)`);
    try {
      await this.page.waitForFunction(reached, argument, { timeout: CAP_MS, polling: 20 });
    } catch (error) {
      const state = await this.page.evaluate(() => JSON.stringify(globalThis.session?.getState())).catch(() => "-");
      throw new Error(`not reached: ${condition}\nstate: ${state}\nconsole: ${this.console.join("\n")}`, { cause: error });
    }
  }

  voice(state) {
    return this.until((s, wanted) => s.voice?.state === wanted, state);
  }

  session(state) {
    return this.until((s, wanted) => s.session?.state === wanted, state);
  }

  state() {
    return this.page.evaluate(() => globalThis.session.getState());
  }

  /** What this person's page says of itself, for an error; a page that hangs says nothing. */
  async account() {
    const read = () => {
      const { states, decisions } = globalThis.session?.diagnostics() ?? {};
      return JSON.stringify([globalThis.session?.getState(), states, decisions]);
    };
    const told = await Promise.race([this.page.evaluate(read).catch(String), pause(5_000, "it does not answer", { ref: false })]);
    return [this.address, told, ...this.console].join("\n");
  }

  /** Waits until this person hears a tone of about this frequency. */
  async hears(hertz) {
    const close = (wanted) => Math.abs(globalThis.witness.heard() - wanted) < wanted * 0.05;
    await this.page.waitForFunction(close, hertz, { timeout: CAP_MS, polling: 50 }).catch(async (error) => {
      const heard = await this.page.evaluate(() => globalThis.witness.heard());
      throw new Error(`heard ${heard} Hz instead of ${hertz}\n${this.console.join("\n")}`, { cause: error });
    });
  }

  /** Waits until this person hears nothing. */
  hearsNothing() {
    return this.page.waitForFunction(() => globalThis.witness.heard() === 0, undefined, { timeout: CAP_MS, polling: 50 });
  }

  held() {
    return this.page.evaluate(() => globalThis.witness.held());
  }

  witnessed(name) {
    return this.page.evaluate((key) => globalThis.witness[key], name);
  }

  click(name) {
    return this.page.getByRole("button", { name, exact: true }).click();
  }

  async says(text) {
    await this.page.getByLabel("Message", { exact: true }).fill(text);
    await this.page.keyboard.press("Enter");
  }

  /** Waits until the chat shows exactly these texts, in this order. */
  async reads(texts) {
    const shown = () =>
      [...(document.querySelector("pairvoice-session")?.shadowRoot?.querySelectorAll("#messages li > p") ?? [])].map((p) => p.textContent);
    const same = new Function("wanted", `return JSON.stringify((${shown})()) === wanted`);
    try {
      await this.page.waitForFunction(same, JSON.stringify(texts), { timeout: CAP_MS });
    } catch (error) {
      const seen = await this.page.evaluate(shown).catch(String);
      throw new Error(`reads ${JSON.stringify(seen)} instead of ${JSON.stringify(texts)}\n${await this.account()}`, { cause: error });
    }
  }

  /** The page can't reach the server any more; a call that runs is not touched. */
  async goOffline() {
    await this.page.route(SERVER, (route) => route.abort());
    await this.page.evaluate(() => globalThis.witness.cut(true));
    await this.session("offline");
  }

  /** The page can reach the server again. */
  async goOnline() {
    await this.page.evaluate(() => globalThis.witness.cut(false));
    await this.page.unroute(SERVER);
  }

  statusLine() {
    return this.page.locator("#status").textContent();
  }

  close() {
    return this.context.close();
  }
}

/** Both hear each other; when they don't, the error tells what each of the two saw. */
export async function bothHear(a, hertzOfA, b, hertzOfB) {
  try {
    await Promise.all([a.voice("connected"), b.voice("connected"), a.hears(hertzOfB), b.hears(hertzOfA)]);
  } catch (cause) {
    const seen = await Promise.all([a, b].map((person) => person.account()));
    throw new Error(`they do not hear each other\n${seen.join("\n")}`, { cause });
  }
}
