import { formatLabelSelector, parseQuantity } from "../../apimachinery/index.ts";
import type { CrossVersionObjectReference, MetricIdentifier } from "../../api/index.ts";
import { messageOf } from "../../base/index.ts";
import {
  type Client,
  type DiscoveredResource,
  discoverGroupVersion,
  isNotFound,
  statusErrorOf,
  withQuery,
} from "../../client/index.ts";
import { groupOf, timeOf } from "../../reconcile/index.ts";

/** One pod's figure in thousandths, as an average over a window that ended at `atMs`. */
export interface PodMetric {
  readonly milli: number;
  readonly atMs: number;
  readonly windowMs: number;
}

export type PodMetrics = ReadonlyMap<string, PodMetric>;

interface PodMetricsList {
  readonly items?: readonly {
    readonly metadata: { readonly name: string };
    readonly timestamp?: string;
    readonly window?: string;
    readonly containers?: readonly { readonly name: string; readonly usage: Readonly<Record<string, string>> }[];
  }[];
}

interface ValueList {
  readonly items?: readonly {
    readonly describedObject?: { readonly name: string };
    readonly timestamp?: string;
    readonly windowSeconds?: number;
    readonly value: string;
  }[];
}

const defaultWindowMs = 60_000;

/** The three metrics APIs, as far as autoscaling reads them. Throws where one is not served, and says which. */
export class MetricsClient {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  /** `metrics.k8s.io`: what pods use of a resource; of one container if it is named. */
  async resource(namespace: string, resource: string, selector: string, container?: string): Promise<PodMetrics> {
    const path = `/apis/metrics.k8s.io/v1beta1/namespaces/${namespace}/pods`;
    const list = (await this.#get("resource", withQuery(path, { labelSelector: selector }))) as PodMetricsList;
    const metrics = new Map<string, PodMetric>();
    for (const { metadata, timestamp, window, containers = [] } of list.items ?? []) {
      const wanted = container === undefined ? containers : containers.filter(({ name }) => name === container);
      const values = wanted.map(({ usage }) => usage[resource]);
      // A pod with a container that tells nothing is as one that tells nothing.
      if (values.length === 0 || values.includes(undefined)) continue;
      const milli = values.reduce((sum, value) => sum + parseQuantity(value ?? "0").milliValue(), 0);
      metrics.set(metadata.name, { milli, atMs: timeOf(timestamp) ?? 0, windowMs: parseWindow(window) });
    }
    if (metrics.size === 0) throw new Error("no metrics returned from resource metrics API");
    return metrics;
  }

  /** `custom.metrics.k8s.io`, of pods. */
  async pods(namespace: string, metric: MetricIdentifier, selector: string): Promise<PodMetrics> {
    const path = `/apis/custom.metrics.k8s.io/v1beta2/namespaces/${namespace}/pods/*/${metric.name}`;
    const list = (await this.#get(
      "custom",
      withQuery(path, { labelSelector: selector, metricLabelSelector: labelText(metric) }),
    )) as ValueList;
    const metrics = new Map<string, PodMetric>();
    for (const { describedObject, timestamp, windowSeconds, value } of list.items ?? []) {
      const windowMs = windowSeconds === undefined ? defaultWindowMs : windowSeconds * 1000;
      metrics.set(describedObject?.name ?? "", {
        milli: parseQuantity(value).milliValue(),
        atMs: timeOf(timestamp) ?? 0,
        windowMs,
      });
    }
    if (metrics.size === 0) throw new Error("no metrics returned from custom metrics API");
    return metrics;
  }

  /** `custom.metrics.k8s.io`, of one object. */
  async object(namespace: string, object: CrossVersionObjectReference, metric: MetricIdentifier): Promise<number> {
    const resource = await this.#resourceOf(object);
    const base = "/apis/custom.metrics.k8s.io/v1beta2";
    const group = groupOf(object.apiVersion ?? "v1");
    const name = group === "" ? resource.resource : `${resource.resource}.${group}`;
    const scope = resource.namespaced ? `namespaces/${namespace}/` : "";
    const list = (await this.#get(
      "custom",
      withQuery(`${base}/${scope}${name}/${object.name}/${metric.name}`, { metricLabelSelector: labelText(metric) }),
    )) as ValueList;
    const [first] = list.items ?? [];
    if (first === undefined) throw new Error("no metrics returned from custom metrics API");
    return parseQuantity(first.value).milliValue();
  }

  /** `external.metrics.k8s.io`: all values together. */
  async external(namespace: string, metric: MetricIdentifier): Promise<number> {
    const path = `/apis/external.metrics.k8s.io/v1beta1/namespaces/${namespace}/${metric.name}`;
    const list = (await this.#get("external", withQuery(path, { labelSelector: labelText(metric) }))) as ValueList;
    const items = list.items ?? [];
    if (items.length === 0) throw new Error("no metrics returned from external metrics API");
    return items.reduce((sum, { value }) => sum + parseQuantity(value).milliValue(), 0);
  }

  async #resourceOf({ apiVersion = "v1", kind }: CrossVersionObjectReference): Promise<DiscoveredResource> {
    const version = apiVersion.slice(apiVersion.indexOf("/") + 1);
    const found = (await discoverGroupVersion(this.#client, groupOf(apiVersion), version)).find(
      (one) => one.kind === kind,
    );
    if (found === undefined) throw new Error(`no matches for kind "${kind}" in group "${groupOf(apiVersion)}"`);
    return found;
  }

  async #get(which: "resource" | "custom" | "external", path: string): Promise<unknown> {
    try {
      const { status, headers, body } = await this.#client.raw({
        method: "GET",
        path,
        headers: { accept: "application/json" },
      });
      if (status !== 200) throw statusErrorOf(status, body, headers);
      return JSON.parse(new TextDecoder().decode(body));
    } catch (error) {
      // What is not served answers without a Status; upstream's typed client then says this.
      const why =
        which === "resource" && isNotFound(error)
          ? "the server could not find the requested resource (get pods.metrics.k8s.io)"
          : messageOf(error);
      throw new Error(`unable to fetch metrics from ${which} metrics API: ${why}`, { cause: error });
    }
  }
}

function labelText({ selector }: MetricIdentifier): string | undefined {
  return selector === undefined ? undefined : formatLabelSelector(selector);
}

/** `30s`, `1m0s`. */
function parseWindow(text: string | undefined): number {
  const units: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };
  const parts = [...(text ?? "").matchAll(/([0-9.]+)(h|ms|m|s)/g)];
  return parts.length === 0
    ? defaultWindowMs
    : parts.reduce((sum, [, count, unit]) => sum + Number(count) * (units[unit ?? ""] ?? 0), 0);
}
