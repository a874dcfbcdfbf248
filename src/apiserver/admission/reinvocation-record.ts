import { type KubeObject, semanticEqual } from "../../apimachinery/index.ts";
import type { Reinvocation } from "./contract.ts";

/**
 * Which webhooks, or policies, are to run a second time over one request: those that asked for it, ran, and after
 * which the object was changed by another of them or by a built-in plug-in.
 */
export class ReinvocationRecord {
  readonly #ran = new Set<string>();
  readonly #due = new Set<string>();
  #left: KubeObject | undefined;

  /** The one of a plug-in, kept from the first pass to the second. */
  static of(reinvocation: Reinvocation, plugin: string): ReinvocationRecord {
    const known = reinvocation.remembered.get(plugin);
    if (known instanceof ReinvocationRecord) return known;
    const made = new ReinvocationRecord();
    reinvocation.remembered.set(plugin, made);
    return made;
  }

  /** `id` ran, and asked to run again should the object change. */
  called(id: string): void {
    this.#ran.add(id);
  }

  /** The object changed: all that ran so far are due. */
  changed(): void {
    for (const id of this.#ran) this.#due.add(id);
    this.#ran.clear();
  }

  isDue(id: string): boolean {
    return this.#due.has(id);
  }

  /** What the plug-in left of the object in this pass. */
  remember(object: KubeObject | undefined): void {
    // Without anybody to run again nobody will ask.
    this.#left = this.#ran.size === 0 ? undefined : structuredClone(object);
  }

  /** Before the second pass: whether others changed what the plug-in left. */
  compare(object: KubeObject | undefined): void {
    if (!semanticEqual(this.#left, object)) this.changed();
  }
}
