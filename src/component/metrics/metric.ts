/** How far a metric's name and labels may be relied on. Shown at the head of its help, as upstream does. */
export type Stability = "INTERNAL" | "ALPHA" | "BETA" | "STABLE";

export interface MetricOptions {
  /** Upstream's full name, for example `apiserver_request_total`. */
  readonly name: string;
  readonly help: string;
  readonly stability?: Stability;
}

export interface LabelledOptions<Label extends string> extends MetricOptions {
  readonly labels?: readonly Label[];
  /** Label combinations kept; later ones are counted in `k8ts_metric_series_dropped_total`. Default 10 000. */
  readonly seriesMax?: number;
}

export type MetricType = "counter" | "gauge" | "histogram";

/** One line of the exposition: the name's suffix, the rendered labels, the value. */
export type Sample = readonly [suffix: string, labels: string, value: number];

/** What the registry renders. */
export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: MetricType;
  samples(): Iterable<Sample>;
  /** Combinations that were refused. */
  readonly dropped: number;
}

export const seriesMaxDefault = 10_000;

export function helpOf({ help, stability = "ALPHA" }: MetricOptions): string {
  return stability === "INTERNAL" ? help : `[${stability}] ${help}`;
}
