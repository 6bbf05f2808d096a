// Who calls: a pair of pages of each stack. User "1" is at low and is pairvoice's offerer, or the one who calls; "2" is at high.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { getPriority, setPriority } from "node:os";
import { fileURLToPath } from "node:url";

import { Person } from "../../tests/e2e/support/browser.mjs";
import { FIREFOX_TONE, FirefoxPerson } from "../../tests/e2e/support/firefox.mjs";
import { HIGH, LOW } from "../../tests/e2e/support/pair.mjs";
import { pidsOn } from "../../tests/network/support.mjs";

export const [RELAY_PORT, PEERJS_PORT] = [8081, 8082];

const { NICE } = process.env;

const script = (path) => readFileSync(fileURLToPath(new URL(path, import.meta.url)), "utf8");
const ear = script("ear.js");
const marks = script("marks.js");

const pairvoice = (path) => ({
  address(world, session, user, more) {
    const query = { session, user, token: world.token(session, user), ...more };
    return `${world.server.url}/${path}?${new URLSearchParams(query)}`;
  },
  waits: () => {
    const { session, voice } = globalThis.session?.getState() ?? {};
    return session?.state === "joined" && voice.state === "waiting" && voice.microphone.state === "live";
  },
});
const baseline = (name) => ({
  address: (world, session, user) =>
    `${world.baselines.url}/${name}?${new URLSearchParams({ session, user, port: PEERJS_PORT, wait: "1" })}`,
  waits: () => globalThis.waits,
});

/** Each has a page's address, and tells when a person who began first waits for the other. */
export const stacks = {
  pairvoice: pairvoice(""),
  "perfect negotiation": baseline("perfect-negotiation"),
  "simple-peer": baseline("simple-peer"),
  PeerJS: baseline("peerjs"),
};
export const nothingLoaded = pairvoice("late.html");

/** The page has what it wants before a call; its ear knows what to listen for. */
async function isReady() {
  await this.page.waitForFunction(() => globalThis.start);
  await this.page.evaluate(async (hertz) => {
    globalThis.ear.hertz = hertz;
    await globalThis.ready;
  }, this.wanted);
}

/** Someone at a page, with the ear instead of the tests' witness, whose analyser would cost time. */
class Guest extends Person {
  isReady = isReady;

  static async open(browser, address, scripts) {
    const guest = new Guest();
    guest.context = await browser.newContext();
    guest.context.setDefaultTimeout(45_000);
    for (const content of scripts) await guest.context.addInitScript(content);
    guest.address = address;
    await guest.newPage();
    return guest;
  }
}

/** The same in Firefox, which has no decoded samples for a page: it records. */
class FirefoxGuest extends FirefoxPerson {
  isReady = isReady;

  static async open(browser, address, scripts) {
    const guest = new FirefoxGuest();
    guest.browser = browser;
    guest.address = address;
    guest.scripts = scripts;
    await guest.newPage();
    return guest;
  }

  async newPage() {
    await super.newPage();
    for (const content of this.scripts) await this.page.evaluateOnNewDocument(content);
  }
}

const HOSTS = { 1: "low", 2: "high" };
let sessions = 0;

/**
 * Chromium gives the process of a page that it takes for one in the background less of the processor, and of several pages that are
 * open only the last is in front: here each has what a page has that somebody talks in. NICE=-15 has the hosts go before what else
 * the machine does (Linux gives each session of processes its share, `man 7 sched`).
 */
function bringForward({ network: { hosts } }) {
  for (const pid of Object.values(hosts).flatMap(pidsOn)) {
    try {
      if (NICE) writeFileSync(`/proc/${pid}/autogroup`, NICE);
      for (const thread of readdirSync(`/proc/${pid}/task`).map(Number)) {
        if (getPriority(thread) > 0) setPriority(thread, 0);
      }
    } catch (error) {
      // It has ended meanwhile.
      if (!["ENOENT", "ESRCH", "ERR_SYSTEM_ERROR"].includes(error.code)) throw error;
    }
  }
}

/**
 * Opens both pages; nothing is called yet. `visit: false` leaves it to the caller when they are gone to; `scripts` run in the pages
 * in the place of this bench's ear.
 */
export async function openPair(world, stack, { query = {}, timeLine = false, visit = true, scripts = [...(timeLine ? [marks] : []), ear] } = {}) {
  sessions += 1;
  const session = `b-${process.pid}-${sessions}`;
  const ofHigh = world.high.firefox ? FIREFOX_TONE : HIGH;
  const open = async (user) => {
    const host = world[HOSTS[user]];
    const Kind = host.firefox ? FirefoxGuest : Guest;
    const guest = await Kind.open(host.browser, stack.address(world, session, user, query), scripts);
    guest.wanted = user === "1" ? ofHigh : LOW;
    if (visit) {
      await guest.visit();
      await guest.isReady();
    }
    return guest;
  };
  const [one, two] = await Promise.all([open("1"), open("2")]);
  bringForward(world);
  return { 1: one, 2: two, both: [one, two], close: () => Promise.all([one, two].map((guest) => guest.close().catch(() => {}))) };
}

/** Does something in the page at a moment of this machine's clock, or at once; resolves with the moment. */
export const act = (guest, name, at = 0) =>
  guest.page.evaluate(
    ([what, when]) =>
      new Promise((resolve) => {
        const begin = () => {
          resolve(globalThis.ear.now());
          if (what === "voice") globalThis.session.startVoice();
          else void globalThis[what]();
        };
        if (when) setTimeout(begin, when - Date.now());
        else begin();
      }),
    [name, at],
  );

/** When a person heard new sound; the one in Firefox, whose ear this is not, is only made sure to hear. */
export const heard = (guest, since, pause, limit) =>
  guest.page.evaluate(([...all]) => globalThis.ear.after(...all), [since, pause, limit]);

/** Milliseconds from `since` to new sound at every ear, or nothing. */
export async function soundAfter(pair, since, { pause = 0, limit }) {
  const times = await Promise.all(
    pair.both.map(async (guest) => {
      if (!guest.records) return heard(guest, since, pause, limit);
      const near = (hertz) =>
        globalThis.witness.recorded().then((tone) => Math.abs(tone - hertz) < hertz * 0.05, () => false);
      const found = await guest.page.waitForFunction(near, guest.wanted, { timeout: limit }).catch(() => undefined);
      return found && since;
    }),
  );
  return times.every(Boolean) ? Math.max(...times) - since : undefined;
}
