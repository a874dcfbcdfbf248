import type { GroupVersionResource, KubeObject } from "../../apimachinery/index.ts";
import { type Clock, type Log, type Random, whenAborted } from "../../base/index.ts";
import type { Client } from "../contract.ts";
import type { Informer, InformerFactory } from "../informer-contract.ts";
import { SharedInformer } from "./shared-informer.ts";
import type { IndexFunctions } from "./store.ts";

export interface InformerFactoryOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly streamingList?: boolean;
}

export interface InformerRequest<T> {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly indexes?: IndexFunctions<T>;
}

/** One informer for each (resource, namespace, selectors); asking again adds indexes to it. */
export class SharedInformerFactory implements InformerFactory {
  readonly #options: InformerFactoryOptions;
  readonly #informers = new Map<string, SharedInformer<KubeObject>>();
  readonly #running = new Set<Promise<void>>();
  #signal: AbortSignal | undefined;

  constructor(options: InformerFactoryOptions) {
    this.#options = options;
  }

  informer<T extends KubeObject>(resource: GroupVersionResource, options: InformerRequest<T> = {}): Informer<T> {
    const { namespace, labelSelector, fieldSelector, indexes } = options;
    const name = [resource.group, resource.version, resource.resource, namespace, labelSelector, fieldSelector].join(
      "|",
    );
    const existing = this.#informers.get(name) as SharedInformer<T> | undefined;
    if (existing !== undefined) {
      existing.addIndexes(indexes ?? {});
      return existing;
    }
    const { client, clock, random, log, streamingList } = this.#options;
    const all = client.resource<T>(resource);
    const informer = new SharedInformer<T>({
      name: `${resource.resource}.${resource.version}.${resource.group}`,
      client: namespace === undefined ? all : all.namespace(namespace),
      clock,
      random,
      log,
      labelSelector,
      fieldSelector,
      indexes,
      streamingList,
    });
    this.#informers.set(name, informer as unknown as SharedInformer<KubeObject>);
    if (this.#signal !== undefined) this.#start(informer, this.#signal);
    return informer;
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    for (const informer of this.#informers.values()) this.#start(informer, signal);
    await whenAborted(signal);
    await Promise.all(this.#running);
  }

  /** Whether every informer asked for so far has taken in its first list. */
  get hasSynced(): boolean {
    return this.#informers.values().every((informer) => informer.hasSynced());
  }

  async waitForSync(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.#informers.values()].map((informer) => informer.waitForSync(signal)));
  }

  #start<T extends KubeObject>(informer: SharedInformer<T>, signal: AbortSignal): void {
    const running: Promise<void> = informer.run(signal).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }
}
