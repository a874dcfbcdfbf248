import { newBadRequest, newUnknownError } from "../errors/status.ts";
import type { KubeObject, ManagedFieldsEntry, ObjectMeta } from "../meta/contract.ts";
import { goJson } from "../schema/go-json.ts";
import type { Schema } from "../schema/contract.ts";
import { withoutEmpties } from "../schema/empties.ts";
import { formatTime } from "../time/format.ts";
import { totalAnnotationSizeLimit } from "../validation/object-meta.ts";
import { byteLength } from "../validation/strings.ts";
import { isMembers, type Members } from "./atoms.ts";
import { compareObjects } from "./compare.ts";
import { type Conflict, ConflictsError, conflictsOutside, newConflictStatus } from "./conflict.ts";
import { difference, type FieldSet, isEmptySet, setOf, union } from "./field-set.ts";
import {
  capUpdaters,
  decodeClientManagers,
  decodeStoredManagers,
  encodeManagers,
  type Managers,
  managerId,
  type Operation,
} from "./managers.ts";
import { toFieldSet } from "./to-field-set.ts";
import { type ConvertVersion, Updater } from "./updater.ts";
import { configErrors, configErrorText } from "./validate-config.ts";

export interface FieldManagerOptions {
  readonly schema: Schema;
  /** `apps/v1` */
  readonly apiVersion: string;
  readonly kind: string;
  /** Empty for the object itself. */
  readonly subresource?: string;
  /** For kinds of several versions. Without it what is owned in other versions is forgotten at the next write. */
  readonly convert?: ConvertVersion;
  /** Fields that the strategy resets, by version: for an object with a status subresource `{"v1": {"f:status": {}}}`. */
  readonly resetFields?: Readonly<Record<string, FieldSet>>;
}

export interface ApplyOptions {
  readonly manager: string;
  readonly force: boolean;
  /** Wall time. */
  readonly nowMs: number;
}

const lastAppliedAnnotation = "kubectl.kubernetes.io/last-applied-configuration";
const beforeFirstApply = "before-first-apply";

/** Nobody owns these. */
const neverOwned: FieldSet = setOf(
  ["f:apiVersion"],
  ["f:kind"],
  ["f:metadata"],
  ["f:metadata", "f:name"],
  ["f:metadata", "f:namespace"],
  ["f:metadata", "f:creationTimestamp"],
  ["f:metadata", "f:selfLink"],
  ["f:metadata", "f:uid"],
  ["f:metadata", "f:clusterName"],
  ["f:metadata", "f:generation"],
  ["f:metadata", "f:managedFields"],
  ["f:metadata", "f:resourceVersion"],
);

/**
 * Keeps `metadata.managedFields` for one kind, version and subresource. Objects are in that version; the live one is
 * never written to.
 */
export class FieldManager {
  readonly #options: FieldManagerOptions;
  readonly #updater: Updater;

  constructor(options: FieldManagerOptions) {
    this.#options = options;
    this.#updater = new Updater({
      schema: options.schema,
      apiVersion: options.apiVersion,
      convert: options.convert ?? (() => undefined),
      resetFields: options.resetFields ?? {},
    });
  }

  /**
   * After create (no `live`), update and the other patches. Returns what belongs into `managedFields` of `object`;
   * undefined is none. What clients send in managedFields that makes no sense is ignored, as upstream does.
   */
  update(
    live: KubeObject | undefined,
    object: KubeObject,
    manager: string,
    nowMs: number,
  ): ManagedFieldsEntry[] | undefined {
    const managers = this.#currentManagers(live, object);
    if (managers.size === 0 && live !== undefined) return undefined;
    const written = withoutManagedFields(withoutEmpties(object));
    this.#track(withoutManagedFields(live), written, managers, manager, nowMs);
    return encodeManagers(managers);
  }

  /**
   * Server-side apply of `config`, as parsed from the request. Returns the merged object (not yet defaulted or
   * decoded), with its managedFields. Throws `StatusError`: 409 with causes on conflicts.
   */
  apply(live: KubeObject | undefined, config: unknown, options: ApplyOptions): KubeObject {
    const applied = this.#checked(config);
    let managers: Managers;
    try {
      managers = decodeStoredManagers(live?.metadata.managedFields);
    } catch (error) {
      throw newUnknownError(`failed to decode managed fields: ${error instanceof Error ? error.message : error}`);
    }
    const base = withoutManagedFields(live);
    if (managers.size === 0 && live !== undefined) this.#track({}, base, managers, beforeFirstApply, options.nowMs);
    const result = this.#applyOrMigrate(base, applied, managers, options);
    const metadata = { ...result.object.metadata };
    if (options.manager === "kubectl") refreshLastApplied(metadata, applied);
    const managedFields = encodeManagers(result.managers);
    if (managedFields !== undefined) metadata.managedFields = managedFields;
    return { ...result.object, metadata };
  }

  #currentManagers(live: KubeObject | undefined, object: KubeObject): Managers {
    const sent = object.metadata.managedFields;
    if ((this.#options.subresource ?? "") !== "") return readManagers(live?.metadata.managedFields, true);
    if (sent !== undefined && isReset(sent)) return new Map();
    if (sent !== undefined && sent === live?.metadata.managedFields) return readManagers(sent, true);
    const managers = readManagers(sent, false);
    return managers.size > 0 ? managers : readManagers(live?.metadata.managedFields, true);
  }

  #identity(name: string, operation: Operation) {
    const { apiVersion, subresource = "" } = this.#options;
    return { name: name === "" ? "unknown" : name, operation, apiVersion, subresource };
  }

  #track(live: unknown, object: unknown, managers: Managers, name: string, nowMs: number): void {
    const changed = difference(this.#updater.update(live, object, managers), neverOwned);
    const identity = this.#identity(name, "Update");
    const id = managerId(identity);
    if (!isEmptySet(changed)) {
      const fields = union(changed, managers.get(id)?.fields ?? {});
      managers.set(id, { ...identity, time: formatTime(nowMs), fields });
    }
    capUpdaters(managers);
  }

  /** kubectl that moves from client-side to server-side apply may change what it applied itself before. */
  #applyOrMigrate(live: KubeObject | undefined, config: Members, managers: Managers, options: ApplyOptions): Applied {
    try {
      return this.#applyOnce(live, config, new Map(managers), options);
    } catch (error) {
      if (!(error instanceof ConflictsError)) throw error;
      const left = options.manager === "kubectl" ? this.#notOwnLast(live, error.conflicts) : error.conflicts;
      if (left.length > 0) throw newConflictStatus(left);
      return this.#applyOnce(live, config, new Map(managers), { ...options, force: true });
    }
  }

  #applyOnce(live: KubeObject | undefined, config: Members, managers: Managers, options: ApplyOptions): Applied {
    const identity = this.#identity(options.manager, "Apply");
    const id = managerId(identity);
    const time = managers.get(id)?.time;
    const manager = { ...identity, ...(time === undefined ? {} : { time }) };
    const merged = this.#updater.apply(live ?? {}, config, managers, id, manager, options.force);
    const owner = managers.get(id);
    if (owner !== undefined) {
      const fields = difference(owner.fields, neverOwned);
      const changed = merged === undefined ? {} : { time: formatTime(options.nowMs) };
      if (isEmptySet(fields)) managers.delete(id);
      else managers.set(id, { ...owner, ...changed, fields });
    }
    return { object: (merged ?? live ?? config) as KubeObject, managers };
  }

  #notOwnLast(live: KubeObject | undefined, conflicts: readonly Conflict[]): readonly Conflict[] {
    const lastApplied = live?.metadata.annotations?.[lastAppliedAnnotation] ?? "";
    const { schema, apiVersion } = this.#options;
    const last = parseJson(lastApplied);
    if (!isMembers(last) || last.apiVersion !== apiVersion || configErrors(last, schema).length > 0) return conflicts;
    const { added, modified, removed } = compareObjects(last, live, schema);
    const unchanged = [modified, added, removed].reduce(difference, toFieldSet(last, schema));
    return conflictsOutside(conflicts, unchanged);
  }

  #checked(config: unknown): Members {
    const { apiVersion, kind, schema } = this.#options;
    const members = isMembers(config) ? config : {};
    const [givenVersion, givenKind] = [textOf(members.apiVersion), textOf(members.kind)];
    if (givenKind !== kind || givenVersion !== apiVersion) {
      const version = givenVersion.includes("/") || givenVersion === "" ? givenVersion : `/${givenVersion}`;
      throw newBadRequest(`invalid object type: ${version === "" ? "/" : version}, Kind=${givenKind}`);
    }
    const metadata = isMembers(members.metadata) ? members.metadata : {};
    if (metadata.managedFields !== undefined && metadata.managedFields !== null) {
      throw newBadRequest("metadata.managedFields must be nil");
    }
    const errors = configErrors(members, schema);
    if (errors.length > 0) {
      const subject = `${textOf(metadata.namespace)}/${textOf(metadata.name)}; ${apiVersion.includes("/") ? "" : "/"}${apiVersion}, Kind=${kind}`;
      throw newUnknownError(`failed to create typed patch object (${subject}): ${configErrorText(errors)}`);
    }
    return members;
  }
}

interface Applied {
  readonly object: KubeObject;
  readonly managers: Managers;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What cannot be read counts as nothing. */
function readManagers(entries: readonly ManagedFieldsEntry[] | undefined, stored: boolean): Managers {
  try {
    return stored ? decodeStoredManagers(entries) : decodeClientManagers(entries);
  } catch {
    return new Map();
  }
}

/** An empty list, or one empty entry, asks for tracking to start afresh. */
function isReset(entries: readonly ManagedFieldsEntry[]): boolean {
  const [first] = entries;
  return (
    first === undefined ||
    (entries.length === 1 && Object.values(first).every((value) => value === undefined || value === ""))
  );
}

function withoutManagedFields(object: KubeObject): KubeObject;
function withoutManagedFields(object: KubeObject | undefined): KubeObject | undefined;
function withoutManagedFields(object: KubeObject | undefined): KubeObject | undefined {
  if (object?.metadata?.managedFields === undefined) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** With keys in order, as Go writes maps. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (!isMembers(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, inOrder(value[key])]),
  );
}

/** Objects that kubectl also applies on the client's side keep their annotation up to date. */
function refreshLastApplied(target: ObjectMeta, applied: Members): void {
  const { annotations } = target;
  if ((annotations?.[lastAppliedAnnotation] ?? "") === "") return;
  const source = isMembers(applied.metadata) ? applied.metadata : {};
  const { annotations: given, ...metadata } = source;
  const { [lastAppliedAnnotation]: _, ...own } = isMembers(given) ? given : {};
  const kept = isMembers(given) ? { ...metadata, annotations: own } : metadata;
  const text = `${goJson(inOrder({ ...applied, metadata: kept }))}\n`;
  const updated: Record<string, string> = { ...annotations, [lastAppliedAnnotation]: text };
  const size = Object.entries(updated).reduce((sum, [key, value]) => sum + byteLength(key) + byteLength(value), 0);
  if (size > totalAnnotationSizeLimit) delete updated[lastAppliedAnnotation];
  target.annotations = updated;
}
