import type { ManagedFieldsEntry } from "../meta/contract.ts";
import { quote } from "../validation/quote.ts";
import { type FieldSet, isEmptySet, parseFieldSet, union } from "./field-set.ts";

export type Operation = "Apply" | "Update";

/** One owner of fields. An applier is one whatever the version it applied; an updater is one for each version. */
export interface Manager {
  readonly name: string;
  readonly operation: Operation;
  readonly apiVersion: string;
  readonly subresource: string;
  /** RFC 3339. */
  readonly time?: string;
  readonly fields: FieldSet;
}

/** By `managerId`. */
export type Managers = Map<string, Manager>;

/** Sorts as upstream's identifiers do. */
export function managerId(manager: Pick<Manager, "name" | "operation" | "apiVersion" | "subresource">): string {
  const version = manager.operation === "Apply" ? "" : manager.apiVersion;
  return `${manager.name}\0${manager.operation}\0${version}\0${manager.subresource}`;
}

/** Entries of a stored object, whose field sets are known to be in order. Throws for what cannot be read. */
export function decodeManagers(
  entries: readonly ManagedFieldsEntry[] | undefined,
  parse: (fields: unknown) => FieldSet,
): Managers {
  const managers: Managers = new Map();
  (entries ?? []).forEach((entry, index) => {
    const { operation, apiVersion = "", fieldsType = "" } = entry;
    if (operation !== "Apply" && operation !== "Update") throw new Error("operation must be `Apply` or `Update`");
    if (apiVersion === "") throw new Error("apiVersion must not be empty");
    if (fieldsType === "") throw new Error(`missing fieldsType in managed fields entry ${index}`);
    if (fieldsType !== "FieldsV1") {
      throw new Error(`invalid fieldsType ${quote(fieldsType)} in managed fields entry ${index}`);
    }
    const manager: Manager = {
      name: entry.manager ?? "",
      operation,
      apiVersion,
      subresource: entry.subresource ?? "",
      ...(entry.time === undefined ? {} : { time: entry.time }),
      fields: parse(entry.fieldsV1 ?? {}),
    };
    managers.set(managerId(manager), manager);
  });
  return managers;
}

export function decodeStoredManagers(entries: readonly ManagedFieldsEntry[] | undefined): Managers {
  return decodeManagers(entries, (fields) => fields as FieldSet);
}

export function decodeClientManagers(entries: readonly ManagedFieldsEntry[] | undefined): Managers {
  return decodeManagers(entries, parseFieldSet);
}

/** In upstream's order; undefined where nobody owns anything. */
export function encodeManagers(managers: Managers): ManagedFieldsEntry[] | undefined {
  if (managers.size === 0) return undefined;
  return [...managers.values()].sort(compareManagers).map(encodeManager);
}

function encodeManager({ name, operation, apiVersion, time, fields, subresource }: Manager): ManagedFieldsEntry {
  return {
    ...(name === "" ? {} : { manager: name }),
    operation,
    apiVersion,
    ...(time === undefined ? {} : { time }),
    fieldsType: "FieldsV1",
    fieldsV1: fields,
    ...(subresource === "" ? {} : { subresource }),
  };
}

function compareManagers(a: Manager, b: Manager): number {
  return (
    compareText(a.operation, b.operation) ||
    seconds(a) - seconds(b) ||
    compareText(a.name, b.name) ||
    compareText(a.apiVersion, b.apiVersion) ||
    compareText(a.subresource, b.subresource)
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function seconds({ time }: Manager): number {
  return time === undefined ? 0 : Math.floor(Date.parse(time) / 1000);
}

const maxUpdaters = 10;
const ancientChanges = "ancient-changes";

/** Beyond ten updaters the oldest are put together, those of one version into one entry. */
export function capUpdaters(managers: Managers): void {
  if (managers.size <= maxUpdaters) return;
  const updaters = [...managers.entries()].filter(([, manager]) => manager.operation === "Update");
  if (updaters.length <= maxUpdaters) return;
  updaters.sort(([idA, a], [idB, b]) => seconds(a) - seconds(b) || compareText(idA, idB));
  const firstOf = new Map<string, string>();
  let count = updaters.length;
  for (const [id, { apiVersion, time }] of updaters) {
    if (count <= maxUpdaters) return;
    const first = firstOf.get(apiVersion);
    if (first === undefined) firstOf.set(apiVersion, id);
    else {
      mergeIntoBucket(managers, id, first, apiVersion, time);
      count--;
    }
  }
}

function mergeIntoBucket(
  managers: Managers,
  id: string,
  first: string,
  apiVersion: string,
  time: string | undefined,
): void {
  const bucket = { name: ancientChanges, operation: "Update", apiVersion, subresource: "" } as const;
  const bucketId = managerId(bucket);
  const source = managers.get(managers.has(bucketId) ? bucketId : first);
  const merged = managers.get(id);
  if (source === undefined || merged === undefined) return;
  if (!managers.has(bucketId)) managers.delete(first);
  const fields = union(merged.fields, source.fields);
  managers.delete(id);
  managers.set(bucketId, { ...bucket, ...(time === undefined ? {} : { time }), fields });
}

/** Drops who owns nothing. */
export function dropEmpty(managers: Managers): void {
  for (const [id, { fields }] of managers) if (isEmptySet(fields)) managers.delete(id);
}

/** `"kubectl" using apps/v1`, as conflicts name an owner. */
export function managerText({ name, operation, apiVersion, subresource }: Manager): string {
  const subject = subresource === "" ? quote(name) : `${quote(name)} with subresource ${quote(subresource)}`;
  return operation === "Update" ? `${subject} using ${apiVersion}` : subject;
}
