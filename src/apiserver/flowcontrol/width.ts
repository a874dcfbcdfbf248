import type { RequestInfo } from "../request/contract.ts";
import type { Query } from "../request/query.ts";

/** Objects whose listing takes one seat. */
const objectsPerSeat = 100;
const seatsMax = 10;
/** A request takes at most this part of its level's seats. */
const partMax = 0.15;

/** Seats of a request by what it lists: upstream's work estimator for lists served from the watch cache. */
export function seatsOf(
  info: RequestInfo,
  query: Query,
  nominal: number,
  objectsOf: (info: RequestInfo) => number,
): number {
  const lists = info.verb === "list" || (info.verb === "watch" && query.flag("sendInitialEvents"));
  if (!lists || info.name !== "") return 1;
  const stored = objectsOf(info);
  const limit = Number(query.get("limit") ?? 0);
  const selects = info.labelSelector !== undefined || info.fieldSelector !== undefined;
  const objects = limit > 0 && !selects ? Math.min(limit, stored) : stored;
  const most = Math.max(1, Math.min(seatsMax, Math.ceil(nominal * partMax)));
  return Math.min(most, Math.max(1, Math.ceil(objects / objectsPerSeat)));
}
