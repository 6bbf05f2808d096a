// What an app has of its own, and what the samples of the documentation use without writing it out.

declare global {
  /** Draws a state. */
  function render(state: any): void;
  /** Shows one line. */
  function show(text: any): void;
  /** Tells a person what is wrong, and what they can do. */
  function tell(message: string, hint?: string | null): void;
  /** A notice that disappears by itself. */
  function notify(text: any): void;
  function ring(own: boolean, peer: boolean): void;
  function record(stream: MediaStream): void;
  function moveCursor(cursor: any): void;
  function currentLine(): number;
  /** Of a server: who is logged in, and their session. */
  function userOf(request: any): string | undefined;
  function sessionOf(user: string): { id: string; peerOf(user: string): string } | undefined;
  /** For other libraries: their servers for ICE. */
  function iceServers(): Promise<RTCIceServer[]>;
  var send: (text: string) => void;
  var audio: HTMLAudioElement;
  var button: HTMLButtonElement;
  var options: import("pairvoice").SessionOptions;
  var session: import("pairvoice").Session;
  var url: string;
  var sessionId: string;
  var userId: string;
  var peerUserId: string;
  var token: import("pairvoice").SessionOptions["token"];
}
export {};
