import type { Schema } from "../schema/contract.ts";
import { deepEqual } from "../validation/equal.ts";
import { type Comparison, compareObjects } from "./compare.ts";
import { ConflictsError, conflictsOf } from "./conflict.ts";
import {
  difference,
  emptySet,
  type FieldSet,
  intersection,
  isEmptySet,
  recursiveDifference,
  union,
} from "./field-set.ts";
import { dropEmpty, type Manager, type Managers } from "./managers.ts";
import { mergeObjects } from "./merge.ts";
import { reconcileWithSchema, removeItems, withNamedFields } from "./remove.ts";
import { toFieldSet } from "./to-field-set.ts";

/** An object in some version, with that version's schema. */
export interface Versioned {
  readonly object: unknown;
  readonly schema: Schema;
}

/**
 * Brings an object to the version of an owner. Undefined where that version is served no more: what was owned in it
 * is forgotten. Both ways are needed, since pruning happens in the version that was applied last.
 */
export type ConvertVersion = (from: Versioned, apiVersion: string) => Versioned | undefined;

export interface UpdaterOptions {
  readonly schema: Schema;
  readonly apiVersion: string;
  readonly convert: ConvertVersion;
  /** Fields that the strategy resets and nobody can own through this endpoint, by version. */
  readonly resetFields: Readonly<Record<string, FieldSet>>;
}

/** Keeps owners in step with objects. `merge.Updater` of structured-merge-diff upstream. */
export class Updater {
  readonly #options: UpdaterOptions;

  constructor(options: UpdaterOptions) {
    this.#options = options;
  }

  /** After a create, update or patch: takes what changed from everyone else and gives it to the owner `self`. */
  update(live: unknown, object: unknown, managers: Managers): FieldSet {
    this.#reconcile(live, managers);
    const { added, modified } = this.#takeAway(live, object, managers, "", true);
    return union(modified, added);
  }

  /**
   * Puts `config` over `live` for the applier `id`. Returns undefined where the object stays as it was. Throws
   * `ConflictsError` unless forced.
   */
  apply(
    live: unknown,
    config: unknown,
    managers: Managers,
    id: string,
    manager: Omit<Manager, "fields">,
    force: boolean,
  ): unknown {
    const { schema, apiVersion } = this.#options;
    this.#reconcile(live, managers);
    const merged = mergeObjects(live, config, schema);
    const last = managers.get(id);
    const fields = this.#filter(toFieldSet(config, schema), apiVersion);
    managers.set(id, { ...manager, fields });
    const pruned = this.#prune(merged, managers, last, fields);
    this.#takeAway(live, pruned, managers, id, force);
    return deepEqual(live, pruned) ? undefined : pruned;
  }

  /** What `self` changed goes from the others; what is gone goes from all. Returns the change in our own version. */
  #takeAway(live: unknown, object: unknown, managers: Managers, self: string, force: boolean): Comparison {
    const { schema, apiVersion } = this.#options;
    const own = this.#filterAll(compareObjects(live, object, schema), apiVersion);
    const conflicts = new Map<string, FieldSet>();
    const removed = new Map<string, FieldSet>();
    const versions = new Map<string, Comparison | undefined>([[apiVersion, own]]);
    for (const [id, manager] of managers) {
      if (id === self) continue;
      const change = this.#changeIn(manager.apiVersion, versions, live, object);
      if (change === undefined) {
        managers.delete(id);
        continue;
      }
      const conflict = intersection(manager.fields, union(change.modified, change.added));
      if (!isEmptySet(conflict)) conflicts.set(id, conflict);
      if (!isEmptySet(change.removed)) removed.set(id, change.removed);
    }
    if (!force && conflicts.size > 0) throw new ConflictsError(conflictsOf(conflicts, managers));
    for (const lost of [conflicts, removed]) {
      for (const [id, fields] of lost) {
        const manager = managers.get(id);
        if (manager !== undefined) managers.set(id, { ...manager, fields: difference(manager.fields, fields) });
      }
    }
    dropEmpty(managers);
    return own;
  }

  #changeIn(
    apiVersion: string,
    versions: Map<string, Comparison | undefined>,
    live: unknown,
    object: unknown,
  ): Comparison | undefined {
    if (versions.has(apiVersion)) return versions.get(apiVersion);
    const before = this.#converted(live, apiVersion);
    const after = this.#converted(object, apiVersion);
    const change =
      before === undefined || after === undefined
        ? undefined
        : this.#filterAll(compareObjects(before.object, after.object, after.schema), apiVersion);
    versions.set(apiVersion, change);
    return change;
  }

  #converted(object: unknown, apiVersion: string): Versioned | undefined {
    const own = { object, schema: this.#options.schema };
    return apiVersion === this.#options.apiVersion ? own : this.#options.convert(own, apiVersion);
  }

  #filter(set: FieldSet, apiVersion: string): FieldSet {
    const reset = this.#options.resetFields[apiVersion];
    return reset === undefined ? set : recursiveDifference(set, reset);
  }

  #filterAll(change: Comparison, apiVersion: string): Comparison {
    if (this.#options.resetFields[apiVersion] === undefined) return change;
    return {
      added: this.#filter(change.added, apiVersion),
      modified: this.#filter(change.modified, apiVersion),
      removed: this.#filter(change.removed, apiVersion),
    };
  }

  #reconcile(live: unknown, managers: Managers): void {
    for (const [id, manager] of managers) {
      const versioned = this.#converted(live, manager.apiVersion);
      if (versioned === undefined) {
        managers.delete(id);
        continue;
      }
      const fields = reconcileWithSchema(manager.fields, versioned.schema);
      if (fields !== manager.fields) managers.set(id, { ...manager, fields });
    }
  }

  /** Removes what the applier applied last time, does not apply now, and nobody else owns. */
  #prune(merged: unknown, managers: Managers, last: Manager | undefined, now: FieldSet): unknown {
    if (last === undefined || isEmptySet(last.fields)) return merged;
    if (last.apiVersion === this.#options.apiVersion && isEmptySet(difference(last.fields, now))) return merged;
    const versioned = this.#converted(merged, last.apiVersion);
    if (versioned === undefined) return merged;
    const lastFields = withNamedFields(last.fields, versioned.schema);
    const pruned = this.#withOwned(
      versioned,
      removeItems(versioned.object, lastFields, versioned.schema),
      managers,
      last.apiVersion,
    );
    const kept = withNamedFields(toFieldSet(pruned, versioned.schema), versioned.schema);
    const all = withNamedFields(toFieldSet(versioned.object, versioned.schema), versioned.schema);
    const object = removeItems(versioned.object, intersection(difference(all, kept), lastFields), versioned.schema);
    if (last.apiVersion === this.#options.apiVersion) return object;
    return this.#options.convert({ object, schema: versioned.schema }, this.#options.apiVersion)?.object ?? merged;
  }

  /** Puts back what others own, each in the version in which they own it. */
  #withOwned(merged: Versioned, pruned: unknown, managers: Managers, prunedVersion: string): unknown {
    const owned = new Map<string, FieldSet>([[prunedVersion, emptySet]]);
    for (const { apiVersion, fields } of managers.values()) {
      owned.set(apiVersion, union(owned.get(apiVersion) ?? emptySet, fields));
    }
    let result: Versioned = { object: pruned, schema: merged.schema };
    for (const [apiVersion, fields] of owned) {
      const isSame = apiVersion === prunedVersion;
      const whole = isSame ? merged : this.#options.convert(merged, apiVersion);
      const part = isSame ? result : this.#options.convert(result, apiVersion);
      if (whole === undefined || part === undefined) continue;
      const { schema } = whole;
      const all = withNamedFields(toFieldSet(whole.object, schema), schema);
      const keep = union(withNamedFields(toFieldSet(part.object, schema), schema), withNamedFields(fields, schema));
      const back = { object: removeItems(whole.object, difference(all, keep), schema), schema };
      result = (isSame ? back : this.#options.convert(back, prunedVersion)) ?? result;
    }
    return result.object;
  }
}
