// The chat: draws what changed, keeps the newest message in sight until the person scrolls up, and marks as read what was seen.
import { composer } from "./composer.js";
import { h, icon, setText, show } from "./dom.js";
import { MessageItem, dayOf, keyOf, lineItem } from "./message.js";
import { searchField } from "./search.js";

/** So many messages are drawn at first, and so many more each time somebody asks for earlier ones. */
const PAGE = 100;
/** Whoever is so near to the end, in pixels, stays there. */
const NEAR = 40;
/** More messages than this at once are no conversation, and are not read out. */
const READ_OUT = 5;

/** The chat of a panel. `context` has the words, the session and what people are called; `read` is told that what a session that is over left unread was seen. */
export function chatPanel(context, read) {
  const { words, session } = context;
  const say = (key, values) => words.t(`chat/${key}`, values);
  const earlier = h("button", { type: "button", id: "earlier", hidden: true }, say("earlier"));
  const list = h("ol");
  const end = h("div", { class: "end" });
  const scroller = h("div", { id: "messages", role: "log", "aria-label": say("messages"), "aria-relevant": "additions", tabindex: 0 }, earlier, list, end);
  const fresh = h("button", { type: "button", id: "fresh", hidden: true });
  const typing = h("p", { id: "typing", class: "fine", "aria-live": "polite" });
  const durable = h("p", { id: "durable", class: "fine", hidden: true }, say("durable"));
  const write = composer(context, () => toEnd());
  const find = searchField(context, () => chat?.messages ?? [], reveal);
  const element = h(
    "section",
    { class: "chat", part: "chat", "aria-labelledby": "chat-title" },
    h("div", { class: "heading" }, h("h2", { id: "chat-title" }, icon("text"), say("title")), find.button),
    find.element,
    h("div", { class: "window" }, scroller, fresh),
    typing,
    write.element,
    durable,
  );

  /** The drawn messages by key, the lines of days, and the lines of what happened, each after the message that was the last then. */
  const drawn = new Map();
  const days = new Map();
  const notes = [];
  let chat;
  /** Key of the first message that is drawn; earlier ones are loaded and wait. */
  let first;
  let following = true;
  /** The session has just been joined: what was written meanwhile comes all at once, and nobody has seen it. */
  let joined = false;
  let arriving = false;
  /** The session is over, and all of it was seen since: nobody is told any more. */
  let over = false;
  let seenSince = false;
  /** Something of the list is on the screen, and its end is. */
  let onScreen = !document.hidden;
  let inView = false;
  let size = "";

  /** What those are called who have been the other person in this page, by user ID: one's seat may be taken by the next. */
  const called = new Map();
  const nameOf = ({ own, sender }) => (own ? words.t("you") : (called.get(sender) ?? sender));
  const act = (what, id) => session()?.[what](id);

  function toEnd() {
    following = true;
    scroller.scrollTop = scroller.scrollHeight;
  }

  const nearEnd = () => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR;

  /** Where the first unread message begins; `undefined` when it is not drawn. */
  function firstUnread() {
    const others = chat.messages.filter(({ own }) => !own);
    const message = others[Math.max(0, others.length - chat.unread)];
    const item = message && drawn.get(keyOf(message))?.element;
    return item && item.offsetTop - 8;
  }

  /** Stays at the end; of what nobody could see yet, no further than where what is unread begins. */
  function follow() {
    toEnd();
    if (scroller.clientHeight === 0) return;
    const unseen = !onScreen || arriving;
    arriving = false;
    if (!unseen || !chat?.unread) return;
    const place = firstUnread();
    if (place >= scroller.scrollTop) return;
    scroller.scrollTop = place ?? 0;
    // The browser tells so only after it has drawn.
    following = inView = false;
  }

  /** The list or what is in it has another height. */
  function resized() {
    size = `${scroller.scrollHeight} ${scroller.clientHeight}`;
    if (following) follow();
  }
  const sizes = new ResizeObserver(resized);
  sizes.observe(scroller);
  sizes.observe(list);

  scroller.addEventListener("scroll", () => {
    const now = `${scroller.scrollHeight} ${scroller.clientHeight}`;
    // What moves because heights changed was not moved by a person.
    if (now !== size) return resized();
    following = nearEnd();
  });

  // On the screen, and not only in the page or in the list: whatever cuts them off counts.
  const sight = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (target === end) inView = isIntersecting && !document.hidden;
      else onScreen = isIntersecting && !document.hidden;
    }
    seen();
  });
  for (const part of [scroller, end]) sight.observe(part);

  /** Of a page that comes back nothing is known until the browser has drawn it: what came meanwhile was never on the screen. */
  function shownOrHidden() {
    onScreen = inView = false;
    sight.disconnect();
    for (const part of [scroller, end]) sight.observe(part);
    seen();
  }

  const unread = () => (seenSince ? 0 : (chat?.unread ?? 0));

  /** What stands on the screen of a window in use counts as seen. */
  function seen() {
    if (!chat) return;
    // What is not drawn any more is told a frame later.
    const isSeen = inView && scroller.clientHeight > 0 && document.visibilityState === "visible" && document.hasFocus();
    if (unread() > 0 && isSeen && over) {
      seenSince = true;
      read();
    } else if (unread() > 0 && isSeen) session()?.markRead();
    // Said once by the log already, so that it is no live region.
    if (unread() > 0) setText(fresh, say("fresh", { n: unread() }));
    show(fresh, unread() > 0 && !inView);
  }

  /** Index of the message that was the first to be drawn, or of the first one that still is; -1 without one. */
  function firstOf(messages) {
    const index = messages.findIndex((message) => keyOf(message) === first);
    return index >= 0 ? index : messages.findIndex((message) => drawn.has(keyOf(message)));
  }

  /** Index of the first message to draw: all that was drawn, and a page at least, for the log may come after what is unsent. */
  function beginning(messages) {
    const page = Math.max(0, messages.length - PAGE);
    const index = firstOf(messages);
    return index >= 0 ? Math.min(index, page) : page;
  }

  function draw() {
    const { messages } = chat;
    const had = scroller.contains(scroller.getRootNode().activeElement);
    const from = beginning(messages);
    first = messages.length > 0 ? keyOf(messages[from]) : undefined;
    const shown = messages.slice(from);
    const items = notes.filter(({ after }) => after === undefined).map(({ item }) => item);
    const keys = new Set();
    const lines = new Set();
    let day;
    let added = 0;
    for (const message of shown) {
      const key = keyOf(message);
      keys.add(key);
      const today = dayOf(message.at, words);
      if (today !== day) {
        day = today;
        // A message that failed is the last one, also when it is of the day before: a day may stand there twice.
        const line = `${day} ${key}`;
        lines.add(line);
        if (!days.has(line)) days.set(line, lineItem("day", day));
        items.push(days.get(line));
      }
      let known = drawn.get(key);
      if (!known) {
        added += 1;
        drawn.set(key, (known = new MessageItem(message, words, nameOf, act)));
      }
      known.update(message);
      items.push(known.element, ...notes.filter(({ after }) => after === key).map(({ item }) => item));
    }
    for (const key of drawn.keys()) if (!keys.has(key)) drawn.delete(key);
    for (const line of days.keys()) if (!lines.has(line)) days.delete(line);
    scroller.setAttribute("aria-live", added > READ_OUT ? "off" : "polite");
    keepingPlace(() => {
      place(items);
      show(earlier, chat.more || from > 0);
    });
    // The button that had it is gone: "Send again", "Discard", or the one for earlier messages.
    const { activeElement } = scroller.getRootNode();
    if (had && (!activeElement || activeElement.hidden)) scroller.focus({ preventScroll: true });
  }

  function place(items) {
    const staying = new Set(items);
    for (const item of [...list.children]) if (!staying.has(item)) item.remove();
    for (const [index, item] of items.entries()) {
      if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null);
    }
  }

  /** What a person reads stays where it is, whatever comes above it. */
  function keepingPlace(change) {
    const top = scroller.scrollTop;
    const anchor = following ? undefined : [...list.querySelectorAll(":scope > .message")].find((item) => item.offsetTop + item.offsetHeight > top);
    const before = anchor?.offsetTop;
    change();
    if (anchor?.isConnected) scroller.scrollTop = top + anchor.offsetTop - before;
    resized();
  }

  earlier.addEventListener("click", () => {
    const from = beginning(chat.messages);
    following = false;
    if (from > 0) {
      first = keyOf(chat.messages[Math.max(0, from - PAGE)]);
      draw();
    } else {
      // They are drawn when they come.
      extending = true;
      session()?.loadEarlier();
    }
  });
  /** Somebody asked for messages before the first one that is loaded. */
  let extending = false;

  /** Draws a message if it is not, and brings it into sight; returns its element. */
  function reveal(message) {
    const index = chat.messages.findIndex((one) => keyOf(one) === keyOf(message));
    if (index < beginning(chat.messages)) {
      first = keyOf(chat.messages[Math.max(0, index - PAGE / 2)]);
      following = false;
      draw();
    }
    const item = drawn.get(keyOf(message))?.element;
    if (item) {
      following = false;
      scroller.scrollTop = item.offsetTop - Math.max(8, (scroller.clientHeight - item.offsetHeight) / 2);
    }
    return item;
  }

  fresh.addEventListener("click", () => {
    const place = firstUnread();
    // Whoever has gone past the first one wants the last one.
    if (place > scroller.scrollTop + 1) scroller.scrollTop = place;
    else toEnd();
    following = nearEnd();
    scroller.focus({ preventScroll: true });
  });

  addEventListener("focus", seen, { signal: context.signal });
  document.addEventListener("visibilitychange", shownOrHidden, { signal: context.signal });
  context.signal.addEventListener("abort", () => {
    sizes.disconnect();
    sight.disconnect();
  });

  /** Whoever is the other person now is called so from now on. */
  function call({ userId }) {
    const name = context.name();
    if (userId === null || called.get(userId) === name) return;
    called.set(userId, name);
    for (const item of drawn.values()) item.rename();
  }

  return {
    element,
    /** Another state. */
    draw(state) {
      const before = chat;
      chat = state.chat;
      call(state.peer);
      arriving ||= !joined && state.session.state === "joined";
      joined = state.session.state === "joined";
      over = state.session.state === "ended";
      seenSince &&= over;
      element.toggleAttribute("data-over", over);
      const come = extending && chat !== before ? firstOf(chat.messages) : 0;
      if (come > 0) {
        extending = false;
        first = keyOf(chat.messages[Math.max(0, come - PAGE)]);
      }
      if (chat !== before) draw();
      show(durable, chat.durable === false && state.session.state !== "ended");
      write.draw(state);
      find.draw();
      seen();
    },
    /** One line about what happened. A line of the same kind that nothing was said after is replaced. */
    note(kind, text) {
      const messages = chat?.messages ?? [];
      const after = messages.length > 0 ? keyOf(messages.at(-1)) : undefined;
      const same = notes.findLastIndex((note) => note.kind === kind && note.after === after);
      if (same >= 0) notes.splice(same, 1);
      notes.push({ kind, after, item: lineItem(`note ${kind}`, text) });
      if (chat) draw();
    },
    typing(text) {
      setText(typing, text);
    },
    /** How many messages nobody has seen. */
    unread,
    toEnd,
  };
}
