import type { GroupVersionResource } from "../../apimachinery/index.ts";
import type { Admission, AdmissionAttributes, AdmissionPlugin } from "./contract.ts";
import type { AdmissionMetrics, StepSeries } from "./metrics.ts";

type Operation = AdmissionAttributes["operation"];

/** The plug-ins of a step that care, and where their time is noted. */
interface Step {
  readonly plugins: readonly AdmissionPlugin[];
  readonly series: StepSeries | undefined;
}

interface Selected {
  readonly mutating: Step;
  readonly validating: Step;
}

/** Runs the plug-ins in their order. Which of them care is asked once per operation and resource. */
export class AdmissionChain implements Admission {
  readonly #plugins: readonly AdmissionPlugin[];
  readonly #metrics: AdmissionMetrics | undefined;
  readonly #selected = new Map<string, Selected>();

  constructor(plugins: readonly AdmissionPlugin[], metrics?: AdmissionMetrics) {
    this.#plugins = plugins;
    this.#metrics = metrics;
  }

  mutates(operation: Operation, resource: GroupVersionResource, subresource: string): boolean {
    const { mutating } = this.#for(operation, resource, subresource);
    for (const plugin of mutating.plugins) if (plugin.onlyChecks !== true && plugin.idle?.() !== true) return true;
    return false;
  }

  /** All of them a second time when a webhook or policy changed the object. Upstream: `reinvoker.Admit`. */
  async admit(attributes: AdmissionAttributes): Promise<void> {
    const { mutating } = this.#for(attributes.operation, attributes.resource, attributes.subresource);
    await this.#pass(mutating, attributes, admitBy);
    const { reinvocation } = attributes;
    if (reinvocation?.wanted !== true || reinvocation.again) return;
    reinvocation.again = true;
    await this.#pass(mutating, attributes, admitBy);
  }

  async validate(attributes: AdmissionAttributes): Promise<void> {
    const { validating } = this.#for(attributes.operation, attributes.resource, attributes.subresource);
    await this.#pass(validating, attributes, validateBy);
  }

  /** Plug-ins that answer at once are counted, with no time; those that have one wait are timed. */
  async #pass({ plugins, series }: Step, attributes: AdmissionAttributes, ask: Ask): Promise<void> {
    if (series === undefined || this.#metrics === undefined) {
      for (const plugin of plugins) {
        const pending = ask(plugin, attributes);
        if (pending !== undefined) await pending;
      }
      return;
    }
    const { clock } = this.#metrics;
    const startedMs = clock.monotonic();
    let beforeMs = startedMs;
    let asked = 0;
    try {
      for (const plugin of plugins) {
        const { passed } = series.plugins[asked++] ?? series.step;
        const pending = ask(plugin, attributes);
        if (pending === undefined) {
          // Looking at the clock would take as long as most of them take.
          passed.observe(0);
          continue;
        }
        await pending;
        const nowMs = clock.monotonic();
        passed.observe((nowMs - beforeMs) / 1000);
        beforeMs = nowMs;
      }
      series.step.passed.observe((clock.monotonic() - startedMs) / 1000);
    } catch (error) {
      const nowMs = clock.monotonic();
      series.plugins[asked - 1]?.rejected.observe((nowMs - beforeMs) / 1000);
      series.step.rejected.observe((nowMs - startedMs) / 1000);
      throw error;
    }
  }

  #for(operation: Operation, resource: GroupVersionResource, subresource: string): Selected {
    const key = `${operation} ${resource.group}/${resource.version}/${resource.resource}/${subresource}`;
    let selected = this.#selected.get(key);
    if (selected === undefined) {
      const caring = this.#plugins.filter((plugin) => plugin.handles(operation, resource, subresource));
      const mutating = caring.filter((plugin) => plugin.admit !== undefined);
      const validating = caring.filter((plugin) => plugin.validate !== undefined);
      selected = {
        mutating: { plugins: mutating, series: this.#metrics?.series("admit", operation, mutating) },
        validating: { plugins: validating, series: this.#metrics?.series("validate", operation, validating) },
      };
      this.#selected.set(key, selected);
    }
    return selected;
  }
}

type Ask = (plugin: AdmissionPlugin, attributes: AdmissionAttributes) => void | Promise<void>;

const admitBy: Ask = (plugin, attributes) => plugin.admit?.(attributes);
const validateBy: Ask = (plugin, attributes) => plugin.validate?.(attributes);
