// The worker as a file, for pages whose policy allows none from text.
import { work } from "./packets.js";

work();
