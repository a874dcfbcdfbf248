import { assert } from "../../base/index.ts";
import { type Counter, CounterFamily } from "./counter.ts";
import { type Gauge, GaugeFamily } from "./gauge.ts";
import { type Histogram, HistogramFamily, type HistogramOptions } from "./histogram.ts";
import type { LabelledOptions, Metric, MetricOptions, Sample } from "./metric.ts";

export type ExpositionFormat = "text" | "openmetrics";

export interface Exposition {
  readonly contentType: string;
  readonly body: string;
}

const droppedName = "k8ts_metric_series_dropped_total";

/** The metrics of one component. Made by the composition root and passed to the parts. */
export class MetricsRegistry {
  readonly #metrics = new Map<string, Metric>();
  readonly #collectors: (() => void)[] = [];

  counter(options: MetricOptions): Counter {
    return this.#add(new CounterFamily(options)).with();
  }

  gauge(options: MetricOptions): Gauge {
    return this.#add(new GaugeFamily(options)).with();
  }

  histogram(options: MetricOptions & { readonly buckets: readonly number[] }): Histogram {
    return this.#add(new HistogramFamily(options)).with();
  }

  counters<Label extends string>(options: LabelledOptions<Label>): CounterFamily<Label> {
    return this.#add(new CounterFamily(options));
  }

  gauges<Label extends string>(options: LabelledOptions<Label>): GaugeFamily<Label> {
    return this.#add(new GaugeFamily(options));
  }

  histograms<Label extends string>(options: HistogramOptions<Label>): HistogramFamily<Label> {
    return this.#add(new HistogramFamily(options));
  }

  /** How many metrics there are of each stability. */
  countByStability(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { help } of this.#metrics.values()) {
      const [, level = ""] = /^\[(\w+)\]/.exec(help) ?? [];
      if (level !== "") counts.set(level, (counts.get(level) ?? 0) + 1);
    }
    return counts;
  }

  /** Called before every rendering, to bring gauges up to date. */
  beforeRender(collect: () => void): void {
    this.#collectors.push(collect);
  }

  /** The format for a request's Accept header. */
  static formatFor(accept: string | undefined): ExpositionFormat {
    return accept?.includes("application/openmetrics-text") === true ? "openmetrics" : "text";
  }

  render(format: ExpositionFormat = "text"): Exposition {
    for (const collect of this.#collectors) collect();
    const lines: string[] = [];
    for (const metric of [...this.#metrics.values(), this.#dropped()].sort(byName)) renderMetric(metric, format, lines);
    if (format === "openmetrics") lines.push("# EOF");
    return { contentType: contentTypes[format], body: `${lines.join("\n")}\n` };
  }

  #add<M extends Metric>(metric: M): M {
    assert(!this.#metrics.has(metric.name), `the metric ${metric.name} is registered once`);
    this.#metrics.set(metric.name, metric);
    return metric;
  }

  #dropped(): Metric {
    const dropped = new CounterFamily({
      name: droppedName,
      help: "Label combinations over a metric's limit.",
      stability: "INTERNAL",
    });
    let total = 0;
    for (const metric of this.#metrics.values()) total += metric.dropped;
    dropped.with().increment(total);
    return dropped;
  }
}

const contentTypes: Readonly<Record<ExpositionFormat, string>> = {
  text: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

function byName(a: Metric, b: Metric): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

function renderMetric(metric: Metric, format: ExpositionFormat, lines: string[]): void {
  // In OpenMetrics a counter's family is named without the suffix that its sample must have.
  const openCounter = format === "openmetrics" && metric.type === "counter";
  const family = openCounter ? metric.name.replace(/_total$/, "") : metric.name;
  const before = lines.length;
  lines.push(`# HELP ${family} ${escapeHelp(metric.help)}`, `# TYPE ${family} ${metric.type}`);
  for (const sample of metric.samples())
    lines.push(renderSample(openCounter ? `${family}_total` : metric.name, sample));
  // A family with labels that has seen none yet is left out, as upstream's client does.
  if (lines.length === before + 2) lines.length = before;
}

function renderSample(name: string, [suffix, labels, value]: Sample): string {
  return labels === "" ? `${name}${suffix} ${formatValue(value)}` : `${name}${suffix}{${labels}} ${formatValue(value)}`;
}

function formatValue(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);
}

function escapeHelp(help: string): string {
  return help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
