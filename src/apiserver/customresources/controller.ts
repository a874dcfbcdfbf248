import type { CustomResourceDefinition } from "../../api/index.ts";
import { type Clock, type Log, messageOf } from "../../base/index.ts";
import { type Client, isConflict, isNotFound } from "../../client/index.ts";
import { followCache } from "../cacher/follow.ts";
import { nowText } from "../registry/times.ts";
import type { ApiServer } from "../server.ts";
import { Cleanup, sharesStorage } from "./cleanup.ts";
import { isTrue, nextStatus } from "./definition/conditions.ts";
import { type DescriptorInputs, describeCustom, withAcceptedNames } from "./descriptors.ts";

export const definitionsResource = {
  group: "apiextensions.k8s.io",
  version: "v1",
  resource: "customresourcedefinitions",
};
const retryMs = 250;

export interface CustomResourcesOptions {
  readonly server: ApiServer;
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly inputs: DescriptorInputs;
}

interface Installed {
  /** Of the specification that is served; a change installs anew. */
  readonly spec: string;
  readonly group: string;
  readonly versions: readonly string[];
  readonly resource: string;
  readonly storagePrefix: string;
}

/**
 * Serves custom resources as their definitions say: accepts names, establishes, installs and removes, and empties a
 * resource whose definition goes. Every API server of a cluster does so for itself; status writes that lose a race
 * are right all the same.
 */
export class CustomResources {
  readonly #options: CustomResourcesOptions;
  readonly #definitions = new Map<string, CustomResourceDefinition>();
  readonly #installed = new Map<string, Installed>();
  readonly #busy = new Map<string, Promise<void>>();
  readonly #cleanup: Cleanup;
  /** `<group>/<version>` of what the server itself serves; there its definitions' resources are not to be found. */
  #builtIn: ReadonlySet<string> = new Set();
  #revision = 0;

  constructor(options: CustomResourcesOptions) {
    this.#options = options;
    this.#cleanup = new Cleanup(options.client, options.clock);
  }

  /** Rises with every change of what is served. */
  get revision(): number {
    return this.#revision;
  }

  /** The definitions that are served now, with those of their versions that are. */
  get served(): readonly CustomResourceDefinition[] {
    return [...this.#installed].flatMap(([name, { versions }]) => {
      const definition = this.#definitions.get(name);
      if (definition === undefined || versions.length === 0) return [];
      const { spec, ...rest } = withAcceptedNames(definition);
      return [{ ...rest, spec: { ...spec, versions: spec.versions.filter((one) => versions.includes(one.name)) } }];
    });
  }

  /** Serves what is defined already, then follows; resolves when everything established is served. */
  async start(signal: AbortSignal): Promise<void> {
    const { table } = this.#options.server.catalog;
    const { cache } = table.get("apiextensions.k8s.io", "v1", "customresourcedefinitions")?.registry ?? {};
    if (cache === undefined) return;
    this.#builtIn = new Set([...table.all()].map(({ descriptor }) => `${descriptor.group}/${descriptor.version}`));
    await followCache(
      cache,
      {
        upsert: ({ object }) => this.#changed(object as CustomResourceDefinition, signal),
        remove: ({ name }) => this.#removed(name),
      },
      signal,
    );
  }

  #changed(definition: CustomResourceDefinition, signal: AbortSignal): void {
    const name = definition.metadata.name ?? "";
    this.#definitions.set(name, definition);
    if (isTrue(definition, "Established")) this.#install(name, definition);
    this.#work(name, signal);
  }

  #removed(name: string): void {
    this.#definitions.delete(name);
    this.#uninstall(name);
    // Names that others wait for may be free now.
    for (const other of this.#definitions.values())
      if (!isTrue(other, "NamesAccepted")) this.#work(other.metadata.name ?? "", undefined);
  }

  /** Brings the status up to date, one attempt at a time for each definition. */
  #work(name: string, signal: AbortSignal | undefined): void {
    const earlier = this.#busy.get(name) ?? Promise.resolve();
    const next = earlier
      .then(() => this.#sync(name, signal))
      .finally(() => {
        if (this.#busy.get(name) === next) this.#busy.delete(name);
      });
    this.#busy.set(name, next);
  }

  async #sync(name: string, signal: AbortSignal | undefined): Promise<void> {
    const definition = this.#definitions.get(name);
    if (definition === undefined || signal?.aborted === true) return;
    const { clock, client, log } = this.#options;
    try {
      const status = nextStatus(definition, this.#definitions.values(), nowText(clock));
      if (status !== undefined) {
        await client.resource<CustomResourceDefinition>(definitionsResource).updateStatus({ ...definition, status });
        return;
      }
      await this.#cleanup.run(definition, this.#installed.get(name)?.versions[0], signal);
    } catch (error) {
      if (isNotFound(error)) return;
      if (!isConflict(error))
        log.warn("custom resource definition cannot be brought up to date", { name, error: messageOf(error) });
      await clock.sleep(retryMs, signal).catch(() => undefined);
      if (this.#definitions.has(name)) this.#work(name, signal);
    }
  }

  #install(name: string, definition: CustomResourceDefinition): void {
    const known = this.#installed.get(name);
    const spec = JSON.stringify([definition.spec, definition.status?.storedVersions, definition.status?.acceptedNames]);
    if (known?.spec === spec) return;
    const { catalog } = this.#options.server;
    const descriptors = describeCustom(definition, this.#options.inputs, {
      isTerminating: () => this.#terminates(name),
    }).filter(({ group, version }) => !this.#builtIn.has(`${group}/${version}`) && !sharesStorage(definition));
    const [first] = descriptors;
    this.#withdraw(known);
    // Ends all watches, as upstream does, and reads again what is stored in the light of the new schema.
    if (known !== undefined) catalog.forget(known.storagePrefix);
    for (const descriptor of descriptors) catalog.add(descriptor);
    this.#installed.set(name, {
      spec,
      group: definition.spec.group,
      versions: descriptors.map(({ version }) => version),
      resource: definition.spec.names.plural,
      storagePrefix: first?.storagePrefix ?? "",
    });
    this.#revision++;
  }

  #terminates(name: string): boolean {
    const definition = this.#definitions.get(name);
    return definition !== undefined && isTrue(definition, "Terminating");
  }

  #withdraw(known: Installed | undefined): void {
    for (const version of known?.versions ?? [])
      this.#options.server.catalog.table.remove(known?.group ?? "", version, known?.resource ?? "");
  }

  #uninstall(name: string): void {
    const known = this.#installed.get(name);
    if (known === undefined) return;
    this.#withdraw(known);
    this.#options.server.catalog.forget(known.storagePrefix);
    this.#installed.delete(name);
    this.#revision++;
  }
}
