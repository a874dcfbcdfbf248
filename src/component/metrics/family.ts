import { assert } from "../../base/index.ts";
import { helpOf, type LabelledOptions, type Metric, type MetricType, type Sample, seriesMaxDefault } from "./metric.ts";

/** The children of one metric, one per combination of label values. */
export abstract class Family<Child, Label extends string> implements Metric {
  abstract readonly type: MetricType;
  readonly name: string;
  readonly help: string;
  readonly #labels: readonly Label[];
  readonly #seriesMax: number;
  readonly #children = new Map<string, { readonly labels: string; readonly child: Child }>();
  #overflow: Child | undefined;
  #dropped = 0;

  constructor(options: LabelledOptions<Label>) {
    assert(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(options.name), `${options.name} is a metric name`);
    this.name = options.name;
    this.help = helpOf(options);
    this.#labels = options.labels ?? [];
    this.#seriesMax = options.seriesMax ?? seriesMaxDefault;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** The child of these label values, in the order the labels were declared. Keep it where it is used often. */
  with(...values: readonly string[]): Child {
    const key = values.length === 1 ? (values[0] ?? "") : values.join("\u{ff}");
    return this.#children.get(key)?.child ?? this.#create(key, values);
  }

  /** Forgets a combination, for example of an object that was deleted. */
  remove(...values: readonly string[]): void {
    this.#children.delete(values.join("\u{ff}"));
  }

  /** Forgets all combinations. */
  clear(): void {
    this.#children.clear();
  }

  *samples(): Generator<Sample> {
    for (const { labels, child } of this.#children.values()) yield* this.samplesOf(child, labels);
  }

  protected abstract create(): Child;
  protected abstract samplesOf(child: Child, labels: string): Iterable<Sample>;

  #create(key: string, values: readonly string[]): Child {
    assert(values.length === this.#labels.length, `${this.name} has ${this.#labels.length} labels`);
    if (this.#children.size >= this.#seriesMax) {
      // What comes after the limit is counted somewhere that is not shown.
      this.#dropped++;
      this.#overflow ??= this.create();
      return this.#overflow;
    }
    const child = this.create();
    const labels = this.#labels.map((label, index) => `${label}="${escapeLabel(values[index] ?? "")}"`).join(",");
    this.#children.set(key, { labels, child });
    return child;
  }
}

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
