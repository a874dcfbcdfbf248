import type { GroupVersionResource } from "../../apimachinery/index.ts";
import type { Admission, AdmissionAttributes, AdmissionPlugin } from "./contract.ts";

interface Selected {
  readonly mutating: readonly AdmissionPlugin[];
  readonly validating: readonly AdmissionPlugin[];
}

/** Runs the plug-ins in their order. Which of them care is asked once per operation and resource. */
export class AdmissionChain implements Admission {
  readonly #plugins: readonly AdmissionPlugin[];
  readonly #selected = new Map<string, Selected>();

  constructor(plugins: readonly AdmissionPlugin[]) {
    this.#plugins = plugins;
  }

  mutates(operation: AdmissionAttributes["operation"], resource: GroupVersionResource, subresource: string): boolean {
    const { mutating } = this.#for(operation, resource, subresource);
    for (const plugin of mutating) if (plugin.onlyChecks !== true && plugin.idle?.() !== true) return true;
    return false;
  }

  /** All of them a second time when a webhook or policy changed the object. Upstream: `reinvoker.Admit`. */
  async admit(attributes: AdmissionAttributes): Promise<void> {
    const { mutating } = this.#for(attributes.operation, attributes.resource, attributes.subresource);
    await pass(mutating, attributes);
    const { reinvocation } = attributes;
    if (reinvocation?.wanted !== true || reinvocation.again) return;
    reinvocation.again = true;
    await pass(mutating, attributes);
  }

  async validate(attributes: AdmissionAttributes): Promise<void> {
    const { validating } = this.#for(attributes.operation, attributes.resource, attributes.subresource);
    for (const plugin of validating) {
      const pending = plugin.validate?.(attributes);
      if (pending !== undefined) await pending;
    }
  }

  #for(operation: AdmissionAttributes["operation"], resource: GroupVersionResource, subresource: string): Selected {
    const key = `${operation} ${resource.group}/${resource.version}/${resource.resource}/${subresource}`;
    let selected = this.#selected.get(key);
    if (selected === undefined) {
      const caring = this.#plugins.filter((plugin) => plugin.handles(operation, resource, subresource));
      selected = {
        mutating: caring.filter((plugin) => plugin.admit !== undefined),
        validating: caring.filter((plugin) => plugin.validate !== undefined),
      };
      this.#selected.set(key, selected);
    }
    return selected;
  }
}

async function pass(plugins: readonly AdmissionPlugin[], attributes: AdmissionAttributes): Promise<void> {
  for (const plugin of plugins) {
    const pending = plugin.admit?.(attributes);
    if (pending !== undefined) await pending;
  }
}
