// What an app's TypeScript sees of the element.
import { PairvoiceSession, type Words } from "pairvoice/element";

const element = document.querySelector("pairvoice-session");
if (element) {
  element.token = async () => "token";
  element.options = { relayOnly: true };
  // What is set is the attribute; the handle is the element's own.
  element.session = "s-42";
  element.session?.send("hello");
  // @ts-expect-error: no session is a list
  element.session = [];
  const words: Words = { bar: { leave: "Hang up" }, chat: { fresh: { one: "{n} message", other: "{n} messages" } }, session: { left: ["Gone.", ""] } };
  element.words = words;
  element.addEventListener("pairvoice-joined", ({ detail }) => detail.session.send("hello"));
  element.addEventListener("pairvoice-state", ({ detail }) => console.log(detail.voice.state === "connected"));
  element.addEventListener("pairvoice-ended", ({ detail }) => console.log(detail.reason === "left", detail.error?.message));
}
document.body.append(new PairvoiceSession());
