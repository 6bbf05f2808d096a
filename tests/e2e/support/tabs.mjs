// Persons driven by Puppeteer. Playwright keeps every page in the foreground; here a tab behind another is hidden, its timers
// are slow, and it can be frozen, as in a browser that somebody uses.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import puppeteer from "puppeteer-core";

import { CAP_MS, Person, chromiumFlags } from "./browser.mjs";

const witness = readFileSync(fileURLToPath(new URL("witness.js", import.meta.url)), "utf8");

/** What would keep a tab that nobody sees as fast as one in front. */
const favours = [
  "--disable-background-timer-throttling",
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding",
  "--disable-back-forward-cache",
];

/** Launches Chromium; the options are those of `launch`. */
export function launchTabs({ wrapper, ...options } = {}) {
  return puppeteer.launch({
    executablePath: wrapper ?? process.env.PAIRVOICE_CHROMIUM ?? "/usr/bin/chromium",
    args: chromiumFlags(options),
    // No port: the browser may be in a network namespace.
    pipe: true,
    timeout: 120_000,
    // The language that Playwright's pages have.
    env: { ...process.env, LANG: "en_US.UTF-8", LANGUAGE: "en_US" },
    ignoreDefaultArgs: ["--mute-audio", ...favours],
  });
}

/** A person whose page is a tab. */
export class TabPerson extends Person {
  static async open(browser, server, user, { query = {}, init } = {}) {
    const person = new this();
    person.browser = browser;
    person.address = `${server.url}/?${new URLSearchParams({ session: "s-1", user, ...query })}`;
    await person.newPage();
    if (init) await person.page.evaluateOnNewDocument(init);
    await person.visit();
    return person;
  }

  async newPage() {
    this.page = await this.browser.newPage();
    this.page.setDefaultTimeout(CAP_MS);
    await this.page.evaluateOnNewDocument(witness);
    // Playwright's order of arguments, which all other persons have.
    const wait = this.page.waitForFunction.bind(this.page);
    this.page.waitForFunction = (condition, argument, { timeout = CAP_MS, polling = 50 } = {}) =>
      wait(condition, { timeout, polling }, argument);
    this.listenToConsole();
  }

  /** Behind another tab, or in front again. */
  async cover() {
    this.coveredBy = await this.browser.newPage();
    await this.coveredBy.bringToFront();
    await this.page.waitForFunction(() => document.visibilityState === "hidden");
  }

  async uncover() {
    await this.page.bringToFront();
    await this.coveredBy.close();
    await this.page.waitForFunction(() => document.visibilityState === "visible");
  }

  /** `frozen` or `active`: what a browser does with tabs that it wants to save power or memory on. */
  async lifecycle(state) {
    const devtools = await this.page.createCDPSession();
    await devtools.send("Page.setWebLifecycleState", { state });
    await devtools.detach();
  }

  async crash() {
    const { page } = this;
    const crashed = new Promise((resolve) => page.once("error", resolve));
    page.goto("chrome://crash").catch(() => {});
    await crashed;
    await page.close().catch(() => {});
  }

  close() {
    return this.page.close().catch(() => {});
  }
}
