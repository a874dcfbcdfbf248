/** What a work queue tells about itself. Names as upstream's `workqueue_*` series; seconds where it measures time. */
export interface WorkQueueMetrics {
  /** `workqueue_adds_total` */
  added(): void;
  /** `workqueue_depth` */
  depth(length: number): void;
  /** `workqueue_queue_duration_seconds` */
  waited(seconds: number): void;
  /** `workqueue_work_duration_seconds` */
  worked(seconds: number): void;
  /** `workqueue_retries_total` */
  retried(): void;
  /** A key that found the queue full. Ours alone. */
  dropped(): void;
  /** `workqueue_unfinished_work_seconds`, `workqueue_longest_running_processor_seconds`: asked when they are shown. */
  watch(unfinished: () => UnfinishedWork): void;
}

/** Work that has begun and not ended, in seconds. */
export interface UnfinishedWork {
  readonly totalSeconds: number;
  readonly longestSeconds: number;
}

/** Makes the metrics of the queue of that name. */
export type WorkQueueMetricsProvider = (queueName: string) => WorkQueueMetrics;

export const noWorkQueueMetrics: WorkQueueMetrics = {
  added: () => {},
  depth: () => {},
  waited: () => {},
  worked: () => {},
  retried: () => {},
  dropped: () => {},
  watch: () => {},
};
