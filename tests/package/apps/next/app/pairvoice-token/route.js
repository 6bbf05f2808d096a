// A token for whoever is logged in, who is here whoever says so: signed by the package, beside pages that are rendered by it.
import { signToken } from "pairvoice/server";

export function GET({ nextUrl: { searchParams } }) {
  const [sessionId, userId] = [searchParams.get("session"), searchParams.get("user")];
  return new Response(signToken(process.env.PAIRVOICE_SECRET, { sessionId, userId }), { headers: { "cache-control": "no-store" } });
}
