/** Runs one act of review in a room and dies at a named point: `crash-child.ts ROOT ACT POINT`. Without a point it runs through. */
import { planFault } from "@holdfast/kernel";
import { type Act, perform } from "./crash.ts";
import { ReviewRoom } from "./review-room.ts";

const [root = "", act = "apply", point] = process.argv.slice(2);
const room = await ReviewRoom.reopen(root);
planFault(point);
await perform(room, act as Act);
planFault(undefined);
await room.leave();
