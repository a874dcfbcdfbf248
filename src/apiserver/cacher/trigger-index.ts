import type { KubeObject } from "../../apimachinery/index.ts";
import type { Change } from "./event-ring.ts";
import type { ChangeListener, Trigger } from "./resource-cache.ts";

type Read = (object: KubeObject) => string;

interface Subscription {
  readonly listener: ChangeListener;
  readonly trigger: Trigger;
}

/** Watchers that want one value of a field, by field and value: thousands of kubelets, each with its own pods. */
export class TriggerIndex {
  readonly #byField = new Map<Read, Map<string, Set<Subscription>>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(listener: ChangeListener, trigger: Trigger, read: Read): () => boolean {
    const byValue = this.#byField.get(read) ?? new Map<string, Set<Subscription>>();
    this.#byField.set(read, byValue);
    const subscriptions = byValue.get(trigger.value) ?? new Set<Subscription>();
    byValue.set(trigger.value, subscriptions);
    const subscription = { listener, trigger };
    subscriptions.add(subscription);
    this.#size += 1;
    return () => {
      if (!subscriptions.delete(subscription)) return false;
      this.#size -= 1;
      if (subscriptions.size === 0 && byValue.get(trigger.value) === subscriptions) byValue.delete(trigger.value);
      return true;
    };
  }

  /** Hands the change to those it concerns and adds them to `noticed`. */
  notice(change: Change, noticed: Set<ChangeListener>): void {
    for (const [read, byValue] of this.#byField) {
      const now = change.entry.fieldValue(read);
      tell(byValue.get(now), change, noticed);
      const before = change.previous?.fieldValue(read) ?? now;
      if (before !== now) tell(byValue.get(before), change, noticed);
    }
  }

  /** Forgets everybody; returns who they were. */
  clear(): readonly ChangeListener[] {
    const listeners: ChangeListener[] = [];
    for (const byValue of this.#byField.values()) {
      for (const subscriptions of byValue.values()) {
        for (const { listener } of subscriptions) listeners.push(listener);
        subscriptions.clear();
      }
    }
    this.#byField.clear();
    this.#size = 0;
    return listeners;
  }
}

function tell(
  subscriptions: ReadonlySet<Subscription> | undefined,
  change: Change,
  noticed: Set<ChangeListener>,
): void {
  if (subscriptions === undefined) return;
  for (const { listener, trigger } of subscriptions) {
    trigger.notice(change);
    noticed.add(listener);
  }
}
