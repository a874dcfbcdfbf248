import {
  difference,
  type FieldSet,
  intersection,
  isEmptySet,
  type ManagedFieldsEntry,
  setOf,
  union,
} from "../../../apimachinery/index.ts";
import { apiVersionOf } from "../../cacher/shape.ts";

type Entries = readonly ManagedFieldsEntry[];

const scaleReplicas = setOf(["f:spec", "f:replicas"]);

/** Who owns the replicas of an object is who owns those of its scale, and the other way round. Upstream: `scaleHandler`. */
export class ScaleOwners {
  readonly #entries: Entries;
  readonly #replicas: FieldSet;
  readonly #apiVersion: string;

  /** `path` is where the object has its replicas. */
  constructor(
    entries: Entries | undefined,
    path: readonly string[],
    gvk: { readonly group: string; readonly version: string },
  ) {
    this.#entries = entries ?? [];
    this.#replicas = setOf(path.map((name) => `f:${name}`));
    this.#apiVersion = apiVersionOf(gvk);
  }

  /** The entries of the object's scale. */
  ofScale(): ManagedFieldsEntry[] {
    return this.#entries
      .filter((entry) => this.#owns(entry))
      .map((entry) => ({ ...entry, apiVersion: "autoscaling/v1", fieldsV1: scaleReplicas }));
  }

  /** The entries of the object, given what became of those of its scale. */
  after(scale: Entries | undefined): ManagedFieldsEntry[] {
    const now = new Map((scale ?? []).map((entry) => [identity(entry), entry]));
    const kept = this.#entries.flatMap((entry) => {
      const own = now.get(identity(entry));
      now.delete(identity(entry));
      if (own !== undefined) return [{ ...entry, ...timeOf(own), fieldsV1: union(setIn(entry), this.#replicas) }];
      const fieldsV1 = difference(setIn(entry), this.#replicas);
      return isEmptySet(fieldsV1) ? [] : [{ ...entry, fieldsV1 }];
    });
    const added = [...now.values()].map((entry) => ({
      ...entry,
      apiVersion: this.#apiVersion,
      fieldsV1: this.#replicas,
    }));
    return [...added, ...kept];
  }

  #owns(entry: ManagedFieldsEntry): boolean {
    return !isEmptySet(intersection(setIn(entry), this.#replicas));
  }
}

function setIn({ fieldsV1 }: ManagedFieldsEntry): FieldSet {
  return (fieldsV1 ?? {}) as FieldSet;
}

function timeOf({ time }: ManagedFieldsEntry): { readonly time?: string } {
  return time === undefined ? {} : { time };
}

function identity({ manager = "", operation = "", subresource = "" }: ManagedFieldsEntry): string {
  return `${manager}\0${operation}\0${subresource}`;
}
