import { AudioConference, LiveKitRoom } from "@livekit/components-react";
import "@livekit/components-styles";

export function Call({ url, token }) {
  return (
    <LiveKitRoom serverUrl={url} token={token} audio connect data-lk-theme="default">
      <AudioConference />
    </LiveKitRoom>
  );
}
