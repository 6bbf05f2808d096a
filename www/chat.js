// The chat panel: draws what changed, sends what is typed.

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
  const drawn = new Map();
  let chat;
  let typingSince = 0;

  function draw(next) {
    if (next === chat) return;
    chat = next;
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    const items = chat.messages.map((message) => {
      const known = drawn.get(message.id);
      if (known?.message === message) return known.item;
      const item = itemOf(message, current);
      drawn.set(message.id, { message, item });
      return item;
    });
    if (drawn.size > items.length) forget(chat.messages);
    for (const [index, item] of items.entries()) {
      if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null);
    }
    while (list.children.length > items.length) list.lastElementChild.remove();
    if (atEnd) list.scrollTop = list.scrollHeight;
    earlier.hidden = !chat.more;
    unread.hidden = chat.unread === 0;
    unread.textContent = `${chat.unread} new`;
    seen();
  }

  function forget(messages) {
    const ids = new Set(messages.map((message) => message.id));
    for (const id of drawn.keys()) if (!ids.has(id)) drawn.delete(id);
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

function itemOf(message, current) {
  const item = document.createElement("li");
  item.className = `message ${message.own ? "own" : ""} ${message.status}`;
  item.dataset.id = message.id;
  item.dataset.status = message.status;
  const text = document.createElement("p");
  text.textContent = message.text;
  text.dir = "auto";
  const note = document.createElement("span");
  note.className = "fine";
  const time = new Date(message.at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  note.append(`${message.own ? "You" : message.sender} · ${time}`);
  if (message.own) note.append(` · ${statusWords[message.status] ?? `not sent (${message.failure})`}`);
  if (message.status === "failed") {
    note.append(button("Send again", () => current()?.resend(message.id)), button("Discard", () => current()?.discard(message.id)));
  }
  item.append(text, note);
  return item;
}

function button(label, act) {
  const element = document.createElement("button");
  element.type = "button";
  element.textContent = label;
  element.addEventListener("click", act);
  return element;
}
