// A server component, rendered for each request.
import { isPairvoiceError } from "pairvoice";

import { Room } from "./room.jsx";

export default async function Page({ searchParams }) {
  const { session = "", user = "", server = "" } = await searchParams;
  return (
    <main data-error={String(isPairvoiceError(undefined))}>
      <Room url={server} sessionId={session} userId={user} />
    </main>
  );
}
