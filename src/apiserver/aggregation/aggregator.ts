import type { APIService } from "../../api/index.ts";
import type { Clock, Log, Network } from "../../base/index.ts";
import type { Client } from "../../client/index.ts";
import type { ServerObjects } from "../admission/objects.ts";
import { followCache } from "../cacher/follow.ts";
import type { DiscoveredResource } from "../discovery/plain.ts";
import type { PathHandler } from "../handlers/router.ts";
import type { ExtraDocuments } from "../openapi/handler.ts";
import type { ApiServer } from "../server.ts";
import { availability, groupVersionOf, isLocal, pathOf } from "./api-services.ts";
import { AvailabilityCheck } from "./availability.ts";
import type { ProxyClient } from "./connections.ts";
import { aggregationProxy } from "./proxy.ts";
import { Registration } from "./registration.ts";
import type { RemoteDocuments } from "./remote-documents.ts";
import { remoteFetch } from "./remote-fetch.ts";

export interface AggregatorOptions {
  readonly objects: ServerObjects;
  readonly network: Network;
  /** `--proxy-client-cert-file`, `--proxy-client-key-file`. */
  readonly client?: ProxyClient;
  readonly clock: Clock;
  readonly log: Log;
}

interface Remote {
  readonly check: AvailabilityCheck;
  readonly stop: AbortController;
}

/** Lets other servers answer for group versions of this one's API. Upstream: kube-aggregator. */
export class Aggregator {
  readonly #options: AggregatorOptions;
  readonly #services = new Map<string, APIService>();
  readonly #remotes = new Map<string, Remote>();
  readonly #documents = new Map<string, RemoteDocuments>();
  #revision = 0;

  constructor(options: AggregatorOptions) {
    this.#options = options;
  }

  readonly proxy: PathHandler = {
    handle: (request, query, context) => this.#proxy.handle(request, query, context),
  };

  get #proxy(): PathHandler {
    const { objects, network, client } = this.#options;
    const remote = (group: string, version: string): APIService | undefined => {
      const service = this.#services.get(`${version}.${group}`);
      return service === undefined || isLocal(service) ? undefined : service;
    };
    return aggregationProxy({ objects, network, client, remote });
  }

  /** Rises with every change of what is known of other servers. */
  get revision(): number {
    return this.#revision;
  }

  /** The resources of other servers, in the order of their priorities. */
  get discovered(): readonly DiscoveredResource[] {
    return this.#available().flatMap(({ metadata }) => this.#documents.get(metadata.name ?? "")?.resources ?? []);
  }

  /** OpenAPI documents of other servers, after those of `own`. */
  documents(own: ExtraDocuments): ExtraDocuments {
    const remote = (): [path: string, documents: RemoteDocuments][] =>
      this.#available().flatMap((service) => {
        const documents = this.#documents.get(service.metadata.name ?? "");
        return documents === undefined ? [] : [[pathOf(groupVersionOf(service)).slice(1), documents] as const];
      }) as [string, RemoteDocuments][];
    const revision = (): number => own.revision + this.#revision;
    return {
      get revision() {
        return revision();
      },
      get paths() {
        return [...own.paths, ...remote().flatMap(([path, { v3 }]) => (v3 === undefined ? [] : [path]))];
      },
      v3: (path) => own.v3(path) ?? remote().find(([known]) => known === path)?.[1].v3,
      v2: () => [...(own.v2?.() ?? []), ...remote().flatMap(([, { v2 }]) => v2 ?? [])],
    };
  }

  /** Registers what this server serves, and follows registrations until the signal aborts. */
  async start(server: ApiServer, client: Client, signal: AbortSignal): Promise<void> {
    const { clock, log, objects } = this.#options;
    const cache = (group: string, resource: string) => {
      const served = server.catalog.table.get(group, "v1", resource);
      if (served === undefined) throw new Error(`broken invariant: ${resource} is not served`);
      return served.registry.cache;
    };
    await objects.fill([
      ["", "services"],
      ["discovery.k8s.io", "endpointslices"],
    ]);
    const registrations = cache("apiregistration.k8s.io", "apiservices");
    await followCache(
      registrations,
      {
        upsert: ({ object }) => this.#changed(object as APIService, client, signal),
        remove: ({ name }) => this.#removed(name),
      },
      signal,
    );
    const look = { upsert: () => this.#lookAll(), remove: () => this.#lookAll() };
    await followCache(cache("", "services"), look, signal);
    await followCache(cache("discovery.k8s.io", "endpointslices"), look, signal);
    const { table } = server.catalog;
    const builtIn = new Set(server.scheme.groupVersions().map(({ group, version }) => `${group}/${version}`));
    const registration = new Registration({
      source: server.localDiscovery,
      table,
      isBuiltIn: ({ group, version }) => builtIn.has(`${group}/${version}`),
      cache: registrations,
      client,
      clock,
      log,
    });
    await registration.start(signal);
  }

  #available(): APIService[] {
    return [...this.#services.values()]
      .filter((service) => !isLocal(service) && this.#documents.has(service.metadata.name ?? ""))
      .sort(
        (a, b) =>
          b.spec.groupPriorityMinimum - a.spec.groupPriorityMinimum || b.spec.versionPriority - a.spec.versionPriority,
      );
  }

  #changed(service: APIService, client: Client, signal: AbortSignal): void {
    const name = service.metadata.name ?? "";
    const before = this.#services.get(name);
    this.#services.set(name, service);
    if (isLocal(service)) {
      this.#forget(name);
      return;
    }
    if (availability(before ?? service)?.status !== availability(service)?.status) this.#revision++;
    const known = this.#remotes.get(name);
    if (known === undefined) this.#begin(name, client, signal);
    else if (JSON.stringify(before?.spec) !== JSON.stringify(service.spec)) known.check.look();
  }

  #begin(name: string, client: Client, signal: AbortSignal): void {
    const { objects, network, client: identity, clock, log } = this.#options;
    const stop = new AbortController();
    const check = new AvailabilityCheck(name, {
      objects,
      client,
      clock,
      log,
      fetch: remoteFetch(objects, network, identity, clock),
      current: (known) => this.#services.get(known),
      learnt: (known, documents) => this.#learnt(known, documents),
    });
    this.#remotes.set(name, { check, stop });
    void check.run(AbortSignal.any([signal, stop.signal]));
  }

  #learnt(name: string, documents: RemoteDocuments): void {
    if (JSON.stringify(this.#documents.get(name)) === JSON.stringify(documents)) return;
    this.#documents.set(name, documents);
    this.#revision++;
  }

  #removed(name: string): void {
    this.#services.delete(name);
    this.#forget(name);
  }

  #forget(name: string): void {
    this.#remotes.get(name)?.stop.abort();
    this.#remotes.delete(name);
    if (this.#documents.delete(name)) this.#revision++;
  }

  #lookAll(): void {
    for (const { check } of this.#remotes.values()) check.look();
  }
}
