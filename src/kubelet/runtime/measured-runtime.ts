import type { Clock } from "../../base/index.ts";
import { exponentialBuckets, type MetricsRegistry } from "../../component/index.ts";
import type { ContainerRuntime } from "../../cri/index.ts";

/** Upstream's names of calls that are not simply theirs. */
const renamed: Readonly<Record<string, string>> = { updateContainerResources: "update_container" };

/** The runtime, with its calls counted and timed: `kubelet_runtime_operations_*`. */
export function measuredRuntime(cri: ContainerRuntime, registry: MetricsRegistry, clock: Clock): ContainerRuntime {
  const labels = ["operation_type"] as const;
  const of = (name: string, help: string) => ({ name: `kubelet_runtime_operations_${name}`, help, labels });
  const total = registry.counters(of("total", "Calls of the container runtime."));
  const errors = registry.counters(of("errors_total", "Calls of the container runtime that failed."));
  const took = registry.histograms({
    ...of("duration_seconds", "How long calls of the container runtime take."),
    buckets: exponentialBuckets(0.005, 2.5, 14),
  });
  const measure = (name: string, call: (...args: unknown[]) => unknown) => {
    const operation = renamed[name] ?? operationOf(name);
    const [calls, failures, seconds] = [total.with(operation), errors.with(operation), took.with(operation)];
    return (...args: unknown[]): unknown => {
      calls.increment();
      const beganMs = clock.monotonic();
      const answer = call(...args);
      // Streams of events have no end to wait for.
      if (!(answer instanceof Promise)) return answer;
      const done = (): void => seconds.observe((clock.monotonic() - beganMs) / 1000);
      answer.then(done, () => {
        done();
        failures.increment();
      });
      return answer;
    };
  };
  const changes = cri.changes?.bind(cri);
  return {
    runtime: measured(cri.runtime, measure),
    images: measured(cri.images, measure),
    ...(changes === undefined ? {} : { changes }),
    close: () => cri.close(),
  };
}

type Measure = (name: string, call: (...args: unknown[]) => unknown) => unknown;

/** Every method of a service, made once when it is first used. */
function measured<T extends object>(service: T, measure: Measure): T {
  const made = new Map<PropertyKey, unknown>();
  return new Proxy(service, {
    get(target, key) {
      const found = Reflect.get(target, key) as unknown;
      if (typeof found !== "function" || typeof key !== "string") return found;
      if (!made.has(key))
        made.set(
          key,
          measure(key, (...args) => Reflect.apply(found, target, args) as unknown),
        );
      return made.get(key);
    },
  });
}

/** `runPodSandbox` is `run_podsandbox`. */
function operationOf(name: string): string {
  return name
    .replace("PodSandbox", "Podsandbox")
    .replace("podSandbox", "podsandbox")
    .replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
