import type { RequestInfo } from "../request/contract.ts";
import type { Query } from "../request/query.ts";

/** What a request is taken to cost. */
export interface Work {
  readonly seats: number;
  /** The seats stay taken this long after the request has ended, for the events that it causes. Milliseconds. */
  readonly afterMs: number;
}

/** The stored objects of a resource. */
export interface StoredObjects {
  readonly count: number;
  readonly averageBytes: number;
}

/** What the cost of a request depends on. */
export interface WorkSources {
  stored(info: RequestInfo): StoredObjects;
  /** Open watches that are told of a change. */
  watchers(info: RequestInfo): number;
}

/** Most seats of a list; the store is read at its full width, the watch cache at a tenth of it. */
const listSeatsMax = 100;
const bytesPerSeat = 100_000;
/** Lists from the watch cache are streamed. */
const cachedBytesMax = 1_000_000;
/** Where the sizes of objects are not known. */
const objectBytesMax = 1_500_000;
const writeSeatsMax = 10;
const watchesPerSeat = 10;
const eventMs = 5;
const oneSeat: Work = { seats: 1, afterMs: 0 };
const writing: ReadonlySet<string> = new Set(["create", "update", "patch", "delete"]);

/** Upstream's work estimator: lists by the bytes that they hold at once, writes by who watches. */
export function workOf(info: RequestInfo, query: Query, levelSeatsMax: number, sources: WorkSources): Work {
  const { verb } = info;
  if (verb === "list" || (verb === "watch" && sendsInitialEvents(query))) {
    const seats = listSeats(info, query, Math.min(listSeatsMax, levelSeatsMax), sources);
    return seats === 1 ? oneSeat : { seats, afterMs: 0 };
  }
  return writing.has(verb) ? writeWork(info, Math.min(writeSeatsMax, levelSeatsMax), sources) : oneSeat;
}

/** Asked to, or by the old rule that a watch from nowhere or from 0 begins with what there is. */
function sendsInitialEvents(query: Query): boolean {
  const revision = query.get("resourceVersion") ?? "";
  return revision === "" || revision === "0" || query.flag("sendInitialEvents");
}

function listSeats(info: RequestInfo, query: Query, seatsMax: number, sources: WorkSources): number {
  const limitText = query.get("limit") ?? "";
  // It will be refused.
  if (limitText !== "" && !/^[-+]?\d+$/.test(limitText)) return seatsMax;
  const limit = Number(limitText);
  const { count, averageBytes } = sources.stored(info);
  const objectBytes = averageBytes > 0 || count === 0 ? averageBytes : objectBytesMax;
  const wanted = limit > 0 ? Math.min(limit, count) : count;
  const cached = info.verb === "watch" || servedFromCache(query, limit);
  const selects = (query.get("labelSelector") ?? "") !== "" || (query.get("fieldSelector") ?? "") !== "";
  const loaded = !cached && selects ? Math.max(wanted, Math.floor(count / 2)) : wanted;
  const bytes = (info.name === "" ? loaded : 1) * objectBytes;
  const seats = Math.ceil((cached ? Math.min(bytes, cachedBytesMax) : bytes) / bytesPerSeat);
  return Math.min(seatsMax, Math.max(1, seats));
}

/** Whether a list takes what is newest, not a certain revision. Upstream: `ShouldDelegateListMeta`, without snapshots. */
function servedFromCache(query: Query, limit: number): boolean {
  const match = query.get("resourceVersionMatch") ?? "";
  if (match !== "") return match === "NotOlderThan";
  if ((query.get("continue") ?? "") !== "") return false;
  const revision = query.get("resourceVersion") ?? "";
  return limit <= 0 || revision === "" || revision === "0";
}

/** The events' work keeps its size where it is made narrower, and so takes longer. */
function writeWork(info: RequestInfo, seatsMax: number, sources: WorkSources): Work {
  // A token is no object.
  if (info.resource === "serviceaccounts" && info.subresource === "token") return oneSeat;
  const watchers = sources.watchers(info);
  if (watchers < watchesPerSeat) return oneSeat;
  const wanted = Math.ceil(watchers / watchesPerSeat);
  const seats = Math.min(wanted, seatsMax);
  return { seats, afterMs: (wanted * eventMs) / seats };
}
