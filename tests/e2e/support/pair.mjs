// What most tests begin with: a server, two browsers with a tone each, and people who are closed after each test.
import { after, afterEach, before } from "node:test";

import { Person, launch } from "./browser.mjs";
import { startServer } from "./server.mjs";

/** The tones of the two sides in hertz. */
export const LOW = 440;
export const HIGH = 1320;

/** Sets up a file's tests. Fields are there once the tests run. */
export function pair({ server: serverOptions = {}, low = {}, high = {} } = {}) {
  const people = [];
  const setup = {
    /** Opens the demo page in the browser that plays the low tone. */
    low: (user, options) => open(setup.lowBrowser, user, options),
    /** Opens the demo page in the browser that plays the high tone. */
    high: (user, options) => open(setup.highBrowser, user, options),
  };
  async function open(browser, user, options) {
    const person = await Person.open(browser, setup.server, user, options);
    people.push(person);
    return person;
  }
  before(async () => {
    [setup.server, setup.lowBrowser, setup.highBrowser] = await Promise.all([
      startServer(serverOptions),
      launch({ hertz: LOW, ...low }),
      launch({ hertz: HIGH, ...high }),
    ]);
  });
  afterEach(async () => {
    await Promise.all(people.splice(0).map((person) => person.close().catch(() => {})));
  });
  after(async () => {
    await Promise.all([setup.lowBrowser?.close(), setup.highBrowser?.close()]);
    await setup.server?.stop();
  });
  return setup;
}

let sessions = 0;

/** Options that put people into a session of their own. */
export function fresh(options = {}) {
  sessions += 1;
  const session = `s-${sessions}`;
  return (more = {}) => ({ ...options, ...more, query: { session, ...options.query, ...more.query } });
}
