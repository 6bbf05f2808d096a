// The chat panel: draws what changed, sends what is typed, and says when voice goes and comes.
import { textElements } from "./text.js";

const TYPING_MS = 4000;

const statusWords = { sending: "sending", sent: "sent", delivered: "delivered", read: "read" };

/** Connects the panel with a session; `current` returns it. */
export function chatPanel(current) {
  const list = document.querySelector("#messages");
  const earlier = document.querySelector("#earlier");
  const unread = document.querySelector("#unread");
  const refused = document.querySelector("#refused");
  const text = document.querySelector("#text");
  const composer = document.querySelector("#composer");
  const durable = document.querySelector("#durable");
  const drawn = new Map();
  /** Lines about voice, each after the message that was the last when it happened. */
  const notes = [];
  let voiceWas;
  let chat;
  let typingSince = 0;
  /** The end of the list is kept in sight until the person scrolls up. */
  let following = true;
  let top = 0;
  let height = 0;
  // A message has its height only once it is drawn, some frames after it came into sight.
  const heights = new ResizeObserver(follow);
  heights.observe(list);

  function follow() {
    if (following) list.scrollTop = list.scrollHeight;
  }

  list.addEventListener("scroll", () => {
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    // Messages that get their heights move the end away, and what is above it; a person scrolls up and changes no height.
    const isSame = list.scrollHeight === height;
    following = atEnd || (following && (list.scrollTop >= top || !isSame));
    top = list.scrollTop;
    height = list.scrollHeight;
    if (!isSame) follow();
  });

  function draw({ session, voice, chat: next }) {
    const noted = noteVoice(voice, next);
    if (next === chat && !noted) return;
    chat = next;
    const items = chat.messages.map((message) => {
      const known = drawn.get(keyOf(message));
      if (known?.message === message) return known.item;
      const item = itemOf(message, current);
      drawn.set(keyOf(message), { message, item });
      return item;
    });
    if (drawn.size > items.length) forget(chat.messages);
    for (const note of notes) {
      const index = chat.messages.findIndex((message) => keyOf(message) === note.after);
      const before = index < 0 ? items[0] : items[items.indexOf(drawn.get(note.after).item) + 1];
      // Notes of one place stand in their order.
      let place = before ? items.indexOf(before) : items.length;
      while (items[place]?.matches(".note")) place += 1;
      items.splice(place, 0, note.item);
    }
    for (const [index, item] of items.entries()) {
      if (list.children[index] === item) continue;
      list.insertBefore(item, list.children[index] ?? null);
      heights.observe(item);
    }
    while (list.children.length > items.length) {
      heights.unobserve(list.lastElementChild);
      list.lastElementChild.remove();
    }
    follow();
    earlier.hidden = !chat.more;
    unread.hidden = chat.unread === 0;
    unread.textContent = `${chat.unread} new`;
    durable.hidden = chat.durable !== false || session.state === "ended";
    seen();
  }

  /** One line in the chat when voice is given up, and one when it is back; tells whether anything changed. */
  function noteVoice(voice, { messages }) {
    const before = voiceWas;
    voiceWas = voice.state;
    if (voice.state === before) return false;
    const last = notes.at(-1);
    const wasGone = last?.gone === true;
    if (voice.state === "unavailable" && !wasGone) {
      const retry = button("Try voice again", () => current()?.retryVoice());
      addNote(messages, [`${voice.message} You can go on by text. ${voice.hint} `, retry], true);
    } else if (voice.state === "connected" && wasGone) {
      addNote(messages, ["Voice is back."], false);
    } else {
      return false;
    }
    // A button for what is over would only confuse.
    if (wasGone) last.item.querySelector("button")?.remove();
    return true;
  }

  function addNote(messages, parts, gone) {
    const item = document.createElement("li");
    item.className = "note";
    item.append(...parts);
    const after = messages.length > 0 ? keyOf(messages.at(-1)) : undefined;
    notes.push({ item, after, gone });
  }

  function forget(messages) {
    const keys = new Set(messages.map(keyOf));
    for (const key of drawn.keys()) if (!keys.has(key)) drawn.delete(key);
  }

  /** What stands in a visible window counts as seen. */
  function seen() {
    if (chat?.unread > 0 && document.visibilityState === "visible" && document.hasFocus()) current()?.markRead();
  }

  function send() {
    refused.textContent = "";
    try {
      current().send(text.value);
      text.value = "";
      typingSince = 0;
    } catch (error) {
      if (error.code !== "text-empty") refused.textContent = `Not sent: ${error.message}.`;
    }
    text.focus();
  }

  composer.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      send();
    }
  });
  text.addEventListener("input", () => {
    const now = Date.now();
    if (text.value === "") {
      if (typingSince) current()?.setTyping(false);
      typingSince = 0;
    } else if (now - typingSince > TYPING_MS) {
      typingSince = now;
      current()?.setTyping(true);
    }
  });
  earlier.addEventListener("click", () => current()?.loadEarlier());
  for (const event of ["focus", "visibilitychange"]) window.addEventListener(event, seen);

  return { draw };
}

/** An ID is its author's word, so that another author may have given the same. */
function keyOf({ sender, id }) {
  return `${id} ${sender}`;
}

function itemOf(message, current) {
  const item = document.createElement("li");
  item.className = `message ${message.own ? "own" : ""} ${message.status}`;
  item.dataset.id = message.id;
  item.dataset.status = message.status;
  item.dataset.saved = message.saved;
  const note = document.createElement("span");
  note.className = "fine";
  const time = new Date(message.at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  note.append(`${message.own ? "You" : message.sender} · ${time}`);
  if (message.own) note.append(` · ${statusWords[message.status] ?? "not sent"}`);
  if (!message.saved && (!message.own || message.status !== "sending") && message.status !== "failed") note.append(" · not saved yet");
  if (message.status === "failed") {
    note.append(`: ${message.failureMessage} `);
    note.append(button("Send again", () => current()?.resend(message.id)), button("Discard", () => current()?.discard(message.id)));
  }
  item.append(...textElements(message.text), note);
  return item;
}

function button(label, act) {
  const element = document.createElement("button");
  element.type = "button";
  element.textContent = label;
  element.addEventListener("click", act);
  return element;
}
