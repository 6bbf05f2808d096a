// Firefox over WebDriver BiDi, with the same witness and the same questions as Chromium.
import puppeteer from "puppeteer-core";

import { TabPerson } from "./tabs.mjs";

/** What Firefox's fake microphone plays, in hertz. */
export const FIREFOX_TONE = 1000;

/** Launches Firefox, driven over `port`; pages of the hosts in `secure` count as secure without TLS. `profile` is a folder to begin with. */
export function launchFirefox({ wrapper, port, secure = [], profile } = {}) {
  return puppeteer.launch({
    browser: "firefox",
    executablePath: wrapper ?? process.env.PAIRVOICE_FIREFOX ?? "/usr/bin/firefox-esr",
    headless: true,
    // A cold one beside three others on two slow cores.
    timeout: 120_000,
    debuggingPort: port,
    userDataDir: profile,
    extraPrefsFirefox: {
      "intl.accept_languages": "en-US",
      "media.navigator.streams.fake": true,
      "media.navigator.permission.disabled": true,
      "media.autoplay.default": 0,
      "media.autoplay.blocking_policy": 0,
      // Two browsers of one machine have no multicast DNS to find each other's hidden addresses by.
      "media.peerconnection.ice.obfuscate_host_addresses": false,
      // A kept connection of an address that is gone would have the next page wait.
      "network.http.keep-alive.timeout": 1,
      // One of HTTP/2 would be kept all the same.
      "network.http.http2.enabled": false,
      "dom.securecontext.allowlist": secure.join(","),
    },
  });
}

/** A person in Firefox, whose audio contexts would need a sound card: what is heard is recorded. */
export class FirefoxPerson extends TabPerson {
  records = true;

  hears(hertz) {
    // A track that has just ended can't be recorded: the next look finds the new one.
    const near = (wanted) =>
      globalThis.witness.recorded().then((heard) => Math.abs(heard - wanted) < wanted * 0.05, () => false);
    return this.page.waitForFunction(near, hertz);
  }

  says(text) {
    return this.page.evaluate((line) => void globalThis.session.send(line), text);
  }
}
