import type { CacheEntry } from "../cacher/entry.ts";
import type { EntryFilter } from "../cacher/watch-cursor.ts";
import type { Selection } from "./filter.ts";
import type { Representation } from "./representation.ts";
import type { ResourceRegistry } from "./resource-registry.ts";

/**
 * What a list or watch of custom resources selects is judged by objects as the version asked for shows them: fields may
 * be elsewhere there, and a webhook may give other labels. Built-in kinds have what is selected in every version.
 */
export function filterOf(registry: ResourceRegistry, selection: Selection): EntryFilter {
  return selectsViews(registry) ? new ViewFilter(registry.representation, selection) : selection;
}

/** Whether selections are judged by converted objects. */
export function selectsViews({ descriptor }: ResourceRegistry): boolean {
  return descriptor.jsonOnly === true && descriptor.convert !== undefined;
}

class ViewFilter implements EntryFilter {
  readonly #representation: Representation;
  readonly #selection: Selection;

  constructor(representation: Representation, selection: Selection) {
    this.#representation = representation;
    this.#selection = selection;
  }

  prepare(entry: CacheEntry): Promise<unknown> | undefined {
    const view = this.#representation.of(entry);
    return view instanceof Promise ? view : undefined;
  }

  matches(entry: CacheEntry): boolean {
    const view = this.#representation.of(entry);
    if (view instanceof Promise) throw new Error(`${entry.key} was not converted before it was judged`);
    return this.#selection.matches(view);
  }
}
