import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { VirtualClock } from "../../base/index.ts";
import { exponentialBuckets, linearBuckets } from "./histogram.ts";
import { addProcessMetrics } from "./process-metrics.ts";
import { MetricsRegistry } from "./registry.ts";
import { restClientMetrics } from "./rest-client-metrics.ts";
import { workQueueMetrics } from "./work-queue-metrics.ts";

const bodyOf = (registry: MetricsRegistry) =>
  registry
    .render()
    .body.split("\n")
    .filter((line) => !line.includes("k8ts_metric_series_dropped_total"))
    .join("\n");

describe("metrics", () => {
  test("counters and gauges, with and without labels, in order of their names", () => {
    const registry = new MetricsRegistry();
    const requests = registry.counters({
      name: "b_total",
      help: "Requests.",
      stability: "STABLE",
      labels: ["verb", "code"],
    });
    requests.with("GET", "200").increment();
    requests.with("GET", "200").increment(2);
    requests.with('P"\\\n', "500").increment();
    registry.gauge({ name: "a", help: "Depth\nnow." }).set(1.5);
    registry.counters({ name: "c_total", help: "Never seen.", labels: ["x"] });
    assert.equal(
      bodyOf(registry),
      [
        "# HELP a [ALPHA] Depth\\nnow.",
        "# TYPE a gauge",
        "a 1.5",
        "# HELP b_total [STABLE] Requests.",
        "# TYPE b_total counter",
        'b_total{verb="GET",code="200"} 3',
        'b_total{verb="P\\"\\\\\\n",code="500"} 1',
        "",
      ].join("\n"),
    );
  });

  test("histograms count by upper bound, bounds included", () => {
    const registry = new MetricsRegistry();
    const seconds = registry.histograms({
      name: "s",
      help: "Time.",
      stability: "INTERNAL",
      labels: ["verb"],
      buckets: [0.1, 1],
    });
    for (const value of [0.05, 0.1, 0.5, 3]) seconds.with("GET").observe(value);
    assert.equal(
      bodyOf(registry),
      [
        "# HELP s Time.",
        "# TYPE s histogram",
        's_bucket{verb="GET",le="0.1"} 2',
        's_bucket{verb="GET",le="1"} 3',
        's_bucket{verb="GET",le="+Inf"} 4',
        's_sum{verb="GET"} 3.65',
        's_count{verb="GET"} 4',
        "",
      ].join("\n"),
    );
  });

  test("OpenMetrics names a counter's family without its suffix and ends with EOF", () => {
    const registry = new MetricsRegistry();
    registry.counter({ name: "n_total", help: "N.", stability: "INTERNAL" }).increment();
    const { body, contentType } = registry.render(
      MetricsRegistry.formatFor("application/openmetrics-text; version=1.0.0"),
    );
    assert.match(contentType, /^application\/openmetrics-text/);
    assert.match(body, /# TYPE n counter\nn_total 1\n# EOF\n$/);
    assert.equal(MetricsRegistry.formatFor("*/*"), "text");
  });

  test("a family keeps its limit, and what was refused is counted", () => {
    const registry = new MetricsRegistry();
    const family = registry.counters({ name: "few_total", help: "Few.", labels: ["id"], seriesMax: 2 });
    for (const id of ["a", "b", "c", "d", "a"]) family.with(id).increment();
    const { body } = registry.render();
    assert.match(body, /few_total\{id="a"\} 2\nfew_total\{id="b"\} 1\n/);
    assert.doesNotMatch(body, /id="c"/);
    assert.match(body, /\nk8ts_metric_series_dropped_total 2\n/);
    family.remove("a");
    assert.doesNotMatch(registry.render().body, /id="a"/);
  });

  test("gauges are brought up to date before rendering", () => {
    const registry = new MetricsRegistry();
    const depth = registry.gauge({ name: "depth", help: "Depth." });
    registry.beforeRender(() => depth.set(7));
    assert.match(registry.render().body, /\ndepth 7\n/);
    addProcessMetrics(registry, new VirtualClock());
    const { body } = registry.render();
    assert.match(body, /\nprocess_resident_memory_bytes \d{6,}\n/);
    assert.match(body, /\nregistered_metrics_total\{stability_level="BETA",deprecated_version=""\} 4\n/);
    assert.match(body, /\nversion_info\{component="kube",binary="1\.36\.0",emulation="1\.36",min_compat="1\.35"\} 1\n/);
    assert.match(body, /\nkubernetes_build_info\{major="1",minor="36",git_version="v1\.36\.0\+k8ts/);
    assert.match(body, /\nhidden_metrics_total 0\n/);
  });

  test("a name is registered once and labels are all given", () => {
    const registry = new MetricsRegistry();
    const family = registry.counters({ name: "x_total", help: "X.", labels: ["a", "b"] });
    assert.throws(() => registry.gauge({ name: "x_total", help: "X." }), /registered once/);
    assert.throws(() => family.with("only one"), /has 2 labels/);
  });

  test("bounds are written as Go writes them, many of a kind are counted at once", () => {
    const registry = new MetricsRegistry();
    const sizes = registry.histogram({ name: "s", help: "S.", buckets: [5e-7, 0.001, 100_000, 1_000_000, 2_592_000] });
    sizes.observe(500_000, 3);
    const lines = bodyOf(registry).split("\n").slice(2, -1);
    assert.deepEqual(lines, [
      's_bucket{le="5e-07"} 0',
      's_bucket{le="0.001"} 0',
      's_bucket{le="100000"} 0',
      's_bucket{le="1e+06"} 3',
      's_bucket{le="2.592e+06"} 3',
      's_bucket{le="+Inf"} 3',
      "s_sum 1500000",
      "s_count 3",
    ]);
  });

  test("bucket makers", () => {
    assert.deepEqual(exponentialBuckets(1, 2, 4), [1, 2, 4, 8]);
    assert.deepEqual(linearBuckets(5, 5, 3), [5, 10, 15]);
  });
});

test("work queues report under upstream's names", () => {
  const registry = new MetricsRegistry();
  const queue = workQueueMetrics(registry)("replicaset");
  queue.added();
  queue.depth(3);
  queue.waited(0.5);
  queue.worked(2);
  queue.retried();
  queue.watch(() => ({ totalSeconds: 7, longestSeconds: 5 }));
  const { body } = registry.render();
  for (const line of [
    'workqueue_adds_total{name="replicaset"} 1',
    'workqueue_depth{name="replicaset"} 3',
    'workqueue_queue_duration_seconds_bucket{name="replicaset",le="1"} 1',
    'workqueue_work_duration_seconds_sum{name="replicaset"} 2',
    'workqueue_retries_total{name="replicaset"} 1',
    'workqueue_unfinished_work_seconds{name="replicaset"} 7',
    'workqueue_longest_running_processor_seconds{name="replicaset"} 5',
  ]) {
    assert.ok(body.includes(`${line}\n`), line);
  }
  assert.match(body, /le="1e-08"/);
});

test("clients report under upstream's names", () => {
  const registry = new MetricsRegistry();
  const client = restClientMetrics(registry)("127.0.0.1:6443");
  client.answered("GET", "200", 20);
  client.answered("GET", "<error>", 10);
  client.limited("GET", 500);
  client.retried("GET", "429");
  const { body } = registry.render();
  for (const line of [
    'rest_client_requests_total{code="200",method="GET",host="127.0.0.1:6443"} 1',
    'rest_client_requests_total{code="<error>",method="GET",host="127.0.0.1:6443"} 1',
    'rest_client_request_duration_seconds_bucket{verb="GET",host="127.0.0.1:6443",le="0.025"} 2',
    'rest_client_rate_limiter_duration_seconds_sum{verb="GET",host="127.0.0.1:6443"} 0.5',
    'rest_client_request_retries_total{code="429",verb="GET",host="127.0.0.1:6443"} 1',
  ]) {
    assert.ok(body.includes(`${line}\n`), line);
  }
});
