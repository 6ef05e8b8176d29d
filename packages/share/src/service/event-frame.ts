import type { ShareEvent } from "./contract.ts";

/** An event as it is written for readers (interfaces.md section 0). Its payload is JSON already, so it is placed as it is. */
export function eventFrame({ seq, prev, type, time, data }: ShareEvent): {
  id: number;
  type: string;
  data: string;
} {
  const before = prev === undefined ? "" : `"prev":${prev},`;
  return { id: seq, type, data: `{"seq":${seq},${before}"type":"${type}","time":${time},"data":${data}}` };
}
