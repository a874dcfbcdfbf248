import { isDeepStrictEqual } from "node:util";
import { passingConditions } from "./conditions.ts";
import type { PodCondition, PodStatus } from "../types.ts";

/** Top-level fields that only the kubelet writes, so that their absence is a statement. */
const owned = [
  "reason",
  "message",
  "podIP",
  "hostIP",
  "initContainerStatuses",
  "containerStatuses",
  "ephemeralContainerStatuses",
  "resize",
] as const;
const addressLists = ["podIPs", "hostIPs"] as const;

type Fields = Record<string, unknown>;

/**
 * The strategic merge patch that leads from one status to the other; `undefined` when they are the same. It carries the
 * uid, so that a successor of the same name is never changed. Conditions of others are left alone.
 */
export function statusPatch(uid: string, from: PodStatus | undefined, to: PodStatus): object | undefined {
  const before = (from ?? {}) as Fields;
  const after = to as Fields;
  const status: Fields = {};
  for (const [name, value] of Object.entries(after)) {
    if (name === "conditions" || isAddressList(name)) continue;
    if (!isDeepStrictEqual(plain(value), plain(before[name]))) status[name] = value;
  }
  for (const name of owned) if (before[name] !== undefined && after[name] === undefined) status[name] = null;
  const conditions = changedConditions(from?.conditions ?? [], to.conditions ?? []);
  if (conditions.length > 0) {
    status["conditions"] = conditions;
    status["$setElementOrder/conditions"] = (to.conditions ?? []).map(({ type }) => ({ type }));
  }
  for (const name of addressLists) {
    const addresses = changedAddresses(before[name], after[name]);
    if (addresses !== undefined) status[name] = addresses;
  }
  return Object.keys(status).length === 0 ? undefined : { metadata: { uid }, status };
}

function isAddressList(name: string): boolean {
  return (addressLists as readonly string[]).includes(name);
}

function changedConditions(before: readonly PodCondition[], after: readonly PodCondition[]): Fields[] {
  const changed: Fields[] = [];
  for (const condition of after) {
    const old = before.find((one) => one.type === condition.type);
    if (old !== undefined && isDeepStrictEqual(comparable(old), comparable(condition))) continue;
    // Conditions are merged by type: what is no longer said has to be taken back.
    const withdrawn = (["reason", "message"] as const).filter((name) => old?.[name] && condition[name] === undefined);
    changed.push({ ...condition, ...Object.fromEntries(withdrawn.map((name) => [name, null])) });
  }
  const own: readonly string[] = passingConditions;
  const over = before.filter(
    (old) => own.includes(old.type) && !after.some((condition) => condition.type === old.type),
  );
  return [...changed, ...over.map(({ type }) => ({ type, $patch: "delete" }))];
}

/** The server fills in an empty probe time. */
function comparable(condition: PodCondition): unknown {
  const { lastProbeTime: _, ...rest } = condition as PodCondition & { lastProbeTime?: unknown };
  return plain(rest);
}

/** Address lists are merged by address, so those that are gone have to be deleted by name. */
function changedAddresses(before: unknown, after: unknown): unknown[] | undefined {
  const old = (before ?? []) as readonly { readonly ip: string }[];
  const now = (after ?? []) as readonly { readonly ip: string }[];
  if (
    isDeepStrictEqual(
      old.map((one) => one.ip),
      now.map((one) => one.ip),
    )
  )
    return undefined;
  const gone = old.filter((one) => !now.some((other) => other.ip === one.ip));
  return [...now.map(({ ip }) => ({ ip })), ...gone.map(({ ip }) => ({ ip, $patch: "delete" }))];
}

/** As it would come back from the server: no undefined, no prototypes. Empty objects of a state count as absent. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value, dropEmpty));
}

function dropEmpty(_: string, value: unknown): unknown {
  if (value === null) return undefined;
  if (typeof value !== "object" || Array.isArray(value)) return value;
  const entries = Object.entries(value).filter(([, one]) => one !== undefined && one !== null && !isEmpty(one));
  return Object.fromEntries(entries);
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
}
