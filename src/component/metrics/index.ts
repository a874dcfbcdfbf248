export type { Counter, CounterFamily } from "./counter.ts";
export type { Gauge, GaugeFamily } from "./gauge.ts";
export {
  defaultBuckets,
  exponentialBuckets,
  type Histogram,
  type HistogramFamily,
  type HistogramOptions,
  linearBuckets,
} from "./histogram.ts";
export type { LabelledOptions, MetricOptions, Stability } from "./metric.ts";
export { addProcessMetrics } from "./process-metrics.ts";
export { type Exposition, type ExpositionFormat, MetricsRegistry } from "./registry.ts";
export { restClientMetrics } from "./rest-client-metrics.ts";
export { workQueueMetrics } from "./work-queue-metrics.ts";
