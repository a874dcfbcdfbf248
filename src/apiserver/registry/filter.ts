import { type KubeObject, newBadRequest, parseFieldSelector, parseLabelSelector } from "../../apimachinery/index.ts";
import { messageOf } from "../../base/index.ts";
import type { CacheEntry } from "../cacher/entry.ts";
import type { EntryFilter } from "../cacher/watch-cursor.ts";
import type { ResourceDescriptor } from "./contract.ts";

type LabelSelector = ReturnType<typeof parseLabelSelector>;
type FieldSelector = ReturnType<typeof parseFieldSelector>;

export type FieldReader = (object: KubeObject) => string;

const readName: FieldReader = (object) => object.metadata.name ?? "";
const readNamespace: FieldReader = (object) => object.metadata.namespace ?? "";

/** What a list, watch or deletecollection selects, compiled. */
export class Selection implements EntryFilter {
  readonly #labels: LabelSelector | undefined;
  readonly #fields: readonly { readonly read: FieldReader; readonly value: string; readonly equal: boolean }[];
  /** The one name that can match, if the selector names one. */
  readonly name: string | undefined;
  readonly #exact: ReadonlyMap<string, string>;

  constructor(
    labels: LabelSelector | undefined,
    fields: FieldSelector | undefined,
    readers: ReadonlyMap<string, FieldReader>,
  ) {
    this.#labels = labels;
    this.name = fields?.exactValue("metadata.name");
    const requirements = fields?.requirements ?? [];
    this.#fields = requirements.map(({ field, operator, value }) => ({
      read: readers.get(field) ?? (() => ""),
      value,
      equal: operator === "=",
    }));
    this.#exact = new Map(requirements.filter((one) => one.operator === "=").map((one) => [one.field, one.value]));
  }

  matches(entry: CacheEntry): boolean {
    if (this.#labels !== undefined && !this.#labels.matches(entry.labels)) return false;
    for (const { read, value, equal } of this.#fields) {
      if ((valueOf(entry, read) === value) !== equal) return false;
    }
    return true;
  }

  /** Fields that must have one value. */
  exactFields(): Iterable<readonly [string, string]> {
    return this.#exact;
  }
}

function valueOf(entry: CacheEntry, read: FieldReader): string {
  return read === readName ? entry.name : entry.fieldValue(read);
}

/** Selectors as they were written, of whatever kind. */
export interface Selectors {
  readonly labels: LabelSelector | undefined;
  readonly fields: FieldSelector | undefined;
}

const nothingSelected: Selectors = { labels: undefined, fields: undefined };

/** Reads selectors; undefined when everything is selected. Throws 400 as upstream words it. */
export function parseSelection(
  descriptor: ResourceDescriptor,
  labelText: string | undefined,
  fieldText: string | undefined,
): Selection | undefined {
  return selectionOf(descriptor, parseSelectors(labelText, fieldText));
}

/** What can be said of selectors before it is looked at what they select from. Throws 400 as upstream words it. */
export function parseSelectors(labelText = "", fieldText = ""): Selectors {
  if (labelText === "" && fieldText === "") return nothingSelected;
  const labels = labelText === "" ? undefined : attempt(() => parseLabelSelector(labelText));
  const fields = fieldText === "" ? undefined : attempt(() => parseFieldSelector(fieldText));
  return { labels: labels?.isEmpty === true ? undefined : labels, fields };
}

/** Undefined when everything is selected. Throws 400 for fields that the kind does not select by. */
export function selectionOf(descriptor: ResourceDescriptor, { labels, fields }: Selectors): Selection | undefined {
  if (labels === undefined && (fields === undefined || fields.isEmpty)) return undefined;
  const readers = readersOf(descriptor);
  const unknown = fields?.requirements.find(({ field }) => !readers.has(field));
  if (unknown !== undefined) throw newBadRequest(unknownField(descriptor, unknown.field));
  return new Selection(labels, fields, readers);
}

function attempt<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw newBadRequest(messageOf(error));
  }
}

/** Kinds with selectable fields of their own have their own message upstream. */
function unknownField(descriptor: ResourceDescriptor, field: string): string {
  if (descriptor.strategy.selectableFields !== undefined) return `field label not supported: ${field}`;
  return `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`;
}

const readersByDescriptor = new WeakMap<ResourceDescriptor, ReadonlyMap<string, FieldReader>>();

export function readersOf(descriptor: ResourceDescriptor): ReadonlyMap<string, FieldReader> {
  let readers = readersByDescriptor.get(descriptor);
  if (readers === undefined) {
    readers = new Map<string, FieldReader>([
      ["metadata.name", readName],
      ["metadata.namespace", readNamespace],
      ...Object.entries(descriptor.strategy.selectableFields ?? {}),
    ]);
    readersByDescriptor.set(descriptor, readers);
  }
  return readers;
}
