import type { Counter, CounterFamily, MetricsRegistry } from "../../component/index.ts";
import type { ServedResource } from "../handlers/served.ts";
import type { Page } from "../registry/reads.ts";

interface Series {
  readonly lists: Counter;
  readonly fetched: Counter;
  readonly returned: Counter;
}

/** `apiserver_cache_list_*`: what lists from the watch cache look at, and what they give. */
export class ListMetrics {
  readonly #series = new WeakMap<ServedResource, Map<string, Series>>();
  readonly #lists: CounterFamily<"group" | "resource" | "index">;
  readonly #fetched: CounterFamily<"group" | "resource" | "index">;
  readonly #returned: CounterFamily<"group" | "resource">;

  constructor(registry: MetricsRegistry) {
    this.#lists = registry.counters({
      name: "apiserver_cache_list_total",
      help: "Lists served from the watch cache, by resource and index.",
      labels: ["group", "resource", "index"],
    });
    this.#fetched = registry.counters({
      name: "apiserver_cache_list_fetched_objects_total",
      help: "Objects that lists looked at in the watch cache, by resource and index.",
      labels: ["group", "resource", "index"],
    });
    this.#returned = registry.counters({
      name: "apiserver_cache_list_returned_objects_total",
      help: "Objects that lists from the watch cache gave, by resource.",
      labels: ["group", "resource"],
    });
  }

  listed(served: ServedResource, { index, fetched, count }: Page): void {
    let byIndex = this.#series.get(served);
    if (byIndex === undefined) this.#series.set(served, (byIndex = new Map()));
    let series = byIndex.get(index);
    if (series === undefined) byIndex.set(index, (series = this.#seriesOf(served, index)));
    series.lists.increment();
    series.fetched.increment(fetched);
    series.returned.increment(count);
  }

  #seriesOf({ descriptor: { group, facts } }: ServedResource, index: string): Series {
    return {
      lists: this.#lists.with(group, facts.name, index),
      fetched: this.#fetched.with(group, facts.name, index),
      returned: this.#returned.with(group, facts.name),
    };
  }
}
