import type { GroupVersionResource } from "../../apimachinery/index.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "./contract.ts";

interface Selected {
  readonly mutating: readonly AdmissionPlugin[];
  readonly validating: readonly AdmissionPlugin[];
}

/** Runs the plug-ins in their order. Which of them care is asked once per operation and resource. */
export class AdmissionChain {
  readonly #plugins: readonly AdmissionPlugin[];
  readonly #selected = new Map<string, Selected>();

  constructor(plugins: readonly AdmissionPlugin[]) {
    this.#plugins = plugins;
  }

  /** Whether any plug-in may change such an object. */
  mutates(operation: AdmissionAttributes["operation"], resource: GroupVersionResource, subresource: string): boolean {
    return this.#for(operation, resource, subresource).mutating.length > 0;
  }

  async admit(attributes: AdmissionAttributes): Promise<void> {
    const { mutating } = this.#for(attributes.operation, attributes.resource, attributes.subresource);
    for (const plugin of mutating) {
      const pending = plugin.admit?.(attributes);
      if (pending !== undefined) await pending;
    }
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
