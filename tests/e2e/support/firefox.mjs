// Firefox over WebDriver BiDi, with the same witness and the same questions as Chromium.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import puppeteer from "puppeteer-core";

import { CAP_MS } from "./browser.mjs";

const witness = readFileSync(fileURLToPath(new URL("witness.js", import.meta.url)), "utf8");

/** What Firefox's fake microphone plays, in hertz. */
export const FIREFOX_TONE = 1000;

export function launchFirefox() {
  return puppeteer.launch({
    browser: "firefox",
    executablePath: process.env.PAIRVOICE_FIREFOX ?? "/usr/bin/firefox-esr",
    headless: true,
    extraPrefsFirefox: {
      "media.navigator.streams.fake": true,
      "media.navigator.permission.disabled": true,
      "media.autoplay.default": 0,
      "media.autoplay.blocking_policy": 0,
      // Two browsers of one machine have no multicast DNS to find each other's hidden addresses by.
      "media.peerconnection.ice.obfuscate_host_addresses": false,
    },
  });
}

/** A person at the demo page in Firefox. */
export async function openFirefox(browser, server, user, session) {
  const page = await browser.newPage();
  await page.evaluateOnNewDocument(witness);
  await page.goto(`${server.url}/?${new URLSearchParams({ session, user })}`);
  const until = (source, what) =>
    page.waitForFunction(source, { timeout: CAP_MS, polling: 50 }).catch(async (error) => {
      const state = await page.evaluate(() => JSON.stringify(globalThis.session?.getState()));
      throw new Error(`Firefox: ${what}\n${state}`, { cause: error });
    });
  return {
    page,
    voice: (state) => until(`globalThis.session?.getState().voice.state === ${JSON.stringify(state)}`, `never ${state}`),
    hears: (hertz) =>
      until(
        // A track that has just ended can't be recorded: the next look finds the new one.
        `globalThis.witness.recorded().then((heard) => Math.abs(heard - ${hertz}) < ${hertz * 0.05}, () => false)`,
        `did not hear ${hertz} Hz`,
      ),
    role: () => page.evaluate(() => globalThis.session.getState().voice.role),
    says: (text) => page.evaluate((t) => void globalThis.session.send(t), text),
    reads: (texts) =>
      until(
        `JSON.stringify([...document.querySelectorAll("#messages li > p")].map((p) => p.textContent)) === ${JSON.stringify(JSON.stringify(texts))}`,
        `did not read ${texts}`,
      ),
    close: () => page.close(),
  };
}
