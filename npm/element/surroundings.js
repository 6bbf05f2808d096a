// What a call does beside the panel: the screen stays on, the keys of the device work, the title and the page's icon say what is unread.
import { h } from "./dom.js";

/** Keeps the screen on while it is wanted. A hidden page loses it and takes it again. */
export function wakeLock(signal) {
  let wanted = false;
  let lock;
  let asking = false;
  async function ask() {
    if (!wanted || lock || asking || document.visibilityState !== "visible" || !navigator.wakeLock) return;
    asking = true;
    try {
      const got = await navigator.wakeLock.request("screen");
      got.addEventListener("release", () => (lock = lock === got ? undefined : lock));
      if (wanted) lock = got;
      else void got.release();
    } catch {
      // A battery that is low, or a policy.
    }
    asking = false;
  }
  document.addEventListener("visibilitychange", () => void ask(), { signal });
  const want = (on) => {
    if (wanted === on) return;
    wanted = on;
    if (on) return void ask();
    void lock?.release();
    lock = undefined;
  };
  signal.addEventListener("abort", () => want(false));
  return want;
}

/** The keys of a headset or of the system (W3C Media Session). */
export function mediaKeys(signal, { toggle, hangUp }) {
  const keys = navigator.mediaSession;
  let active = false;
  const set = (name, act) => {
    try {
      keys?.setActionHandler(name, act);
    } catch {
      // An action that this browser does not know.
    }
  };
  const draw = (on, muted) => {
    if (on !== active) {
      active = on;
      set("togglemicrophone", on ? toggle : null);
      set("hangup", on ? hangUp : null);
    }
    // Safari answers with a promise, others with nothing.
    if (on) void Promise.resolve(keys?.setMicrophoneActive?.(!muted)).catch(() => {});
  };
  signal.addEventListener("abort", () => draw(false, false));
  return draw;
}

/** How many messages are unread in each panel of this page, and in all of them as it is shown. */
const counts = new Map();
let shown = 0;
/** What stands before the title for it; an app may count something of its own there. */
let before = "";
/** The page's icon, and its own address. */
let link;
let href;

/** Tells how many messages are unread in the title and in the page's icon. */
export function badge(signal) {
  const draw = (count) => {
    if (count > 0) counts.set(signal, count);
    else counts.delete(signal);
    drawBadge([...counts.values()].reduce((sum, each) => sum + each, 0));
  };
  signal.addEventListener("abort", () => draw(0));
  return draw;
}

function drawBadge(count) {
  if (count === shown) return;
  shown = count;
  const title = document.title.startsWith(before) ? document.title.slice(before.length) : document.title;
  before = count > 0 ? `(${count}) ` : "";
  document.title = before + title;
  if (!link) {
    link = document.head.querySelector('link[rel~="icon"]') ?? document.head.appendChild(h("link", { rel: "icon" }));
    href = link.getAttribute("href");
  }
  if (count > 0) return link.setAttribute("href", picture(count));
  // Without one of the page's own, its icon is the site's.
  if (href === null) link.remove();
  else link.setAttribute("href", href);
  link = undefined;
}

/** A round sign with a number. */
function picture(count) {
  const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 64 });
  const brush = canvas.getContext("2d");
  brush.fillStyle = "#c3261f";
  brush.beginPath();
  brush.arc(32, 32, 32, 0, 2 * Math.PI);
  brush.fill();
  brush.fillStyle = "#fff";
  brush.font = "bold 40px system-ui, sans-serif";
  brush.textAlign = "center";
  brush.textBaseline = "middle";
  brush.fillText(count > 9 ? "9+" : String(count), 32, 35);
  return canvas.toDataURL("image/png");
}
