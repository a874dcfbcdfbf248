import type { APIService } from "../../api/index.ts";
import { type Clock, type Log, messageOf, type Network } from "../../base/index.ts";
import { type Client, isConflict, isNotFound } from "../../client/index.ts";
import type { ServerObjects } from "../admission/objects.ts";
import { followCache } from "../cacher/follow.ts";
import type { DiscoveredResource } from "../discovery/plain.ts";
import type { RegisteredVersion, Registrations } from "../discovery/source.ts";
import type { PathHandler } from "../handlers/router.ts";
import type { ExtraDocuments } from "../openapi/handler.ts";
import type { ApiServer } from "../server.ts";
import { apiServiceName, availability, groupVersionOf, isLocal, pathOf } from "./api-services.ts";
import { AvailabilityCheck, reportAvailability } from "./availability.ts";
import { localCondition } from "./checks.ts";
import type { ProxyClient } from "./connections.ts";
import { aggregationProxy } from "./proxy.ts";
import { Registration } from "./registration.ts";
import type { RemoteDocuments } from "./remote-documents.ts";
import { byPriority } from "./priorities.ts";
import { remoteFetch } from "./remote-fetch.ts";
import type { ServiceResolver } from "./service-resolver.ts";

export interface AggregatorOptions {
  readonly objects: ServerObjects;
  readonly resolver: ServiceResolver;
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
export class Aggregator implements Registrations {
  readonly #options: AggregatorOptions;
  readonly #services = new Map<string, APIService>();
  readonly #remotes = new Map<string, Remote>();
  readonly #documents = new Map<string, RemoteDocuments>();
  #registration: Registration | undefined;
  #registered: readonly RegisteredVersion[] | undefined;
  #revision = 0;

  constructor(options: AggregatorOptions) {
    this.#options = options;
  }

  readonly proxy: PathHandler = {
    handle: (request, query, context) => this.#proxy.handle(request, query, context),
  };

  get #proxy(): PathHandler {
    const { resolver, network, client } = this.#options;
    const remote = (group: string, version: string): APIService | undefined => {
      const service = this.#services.get(`${version}.${group}`);
      return service === undefined || isLocal(service) ? undefined : service;
    };
    return aggregationProxy({ resolver, network, client, remote });
  }

  /** Rises with every change of what is known of other servers. */
  get revision(): number {
    return this.#revision;
  }

  get registered(): readonly RegisteredVersion[] {
    this.#registered ??= byPriority([...this.#services.values()]).map((service) => ({
      ...groupVersionOf(service),
      isRemote: !isLocal(service),
      isStale: !isLocal(service) && availability(service)?.status !== "True",
    }));
    return this.#registered;
  }

  isRemote(group: string, version: string): boolean {
    return this.#remotes.size > 0 && this.#remotes.has(apiServiceName({ group, version }));
  }

  resources(group: string, version: string): readonly DiscoveredResource[] {
    return this.#documents.get(apiServiceName({ group, version }))?.resources ?? [];
  }

  /** OpenAPI documents of other servers, after those of `own`. */
  documents(own: ExtraDocuments): ExtraDocuments {
    const remote = (): [path: string, documents: RemoteDocuments][] =>
      this.#known().flatMap((service) => {
        const documents = this.#documents.get(service.metadata.name ?? "");
        return documents === undefined ? [] : [[pathOf(groupVersionOf(service)).slice(1), documents] as const];
      }) as [string, RemoteDocuments][];
    const find = (path: string) => remote().find(([known, { v3 }]) => known === path && v3 !== undefined)?.[1];
    const revision = (): number => own.revision + this.#revision;
    return {
      get revision() {
        return revision();
      },
      get paths() {
        return [...new Set([...own.paths, ...remote().flatMap(([path, { v3 }]) => (v3 === undefined ? [] : [path]))])];
      },
      version: (path) => find(path)?.version ?? own.version(path),
      v3: (path) => find(path)?.v3 ?? own.v3(path),
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
        remove: ({ name }) => this.#removed(name, signal),
      },
      signal,
    );
    const look = { upsert: () => this.#lookAll(), remove: () => this.#lookAll() };
    await followCache(cache("", "services"), look, signal);
    await followCache(cache("discovery.k8s.io", "endpointslices"), look, signal);
    const { table } = server.catalog;
    const builtIn = new Set(server.scheme.groupVersions().map(({ group, version }) => `${group}/${version}`));
    this.#registration = new Registration({
      source: server.localDiscovery,
      table,
      isBuiltIn: ({ group, version }) => builtIn.has(`${group}/${version}`),
      cache: registrations,
      client,
      clock,
      log,
    });
    await this.#registration.start(signal);
  }

  /** Of other servers, those that were ever heard of. */
  #known(): APIService[] {
    const known = (service: APIService) => !isLocal(service) && this.#documents.has(service.metadata.name ?? "");
    return byPriority([...this.#services.values()].filter(known));
  }

  #touch(): void {
    this.#registered = undefined;
    this.#revision++;
  }

  #changed(service: APIService, client: Client, signal: AbortSignal): void {
    const name = service.metadata.name ?? "";
    const before = this.#services.get(name);
    this.#services.set(name, service);
    this.#registration?.look(name, signal);
    const sameSpec = JSON.stringify(before?.spec) === JSON.stringify(service.spec);
    const turned = before !== undefined && availability(before)?.status !== availability(service)?.status;
    if (!sameSpec || turned) this.#touch();
    if (isLocal(service)) {
      this.#forget(name);
      if (availability(service)?.reason !== localCondition.reason) this.#announceLocal(service, client);
      return;
    }
    const known = this.#remotes.get(name);
    if (known === undefined) this.#begin(name, client, signal);
    else if (!sameSpec) known.check.look();
  }

  /** What this server answers for is available, also when it was not before. */
  #announceLocal(service: APIService, client: Client): void {
    const { clock, log } = this.#options;
    reportAvailability(client, service, localCondition, clock).catch((error: unknown) => {
      if (isConflict(error) || isNotFound(error)) return;
      log.warn("API service cannot be marked", { name: service.metadata.name ?? "", error: messageOf(error) });
    });
  }

  #begin(name: string, client: Client, signal: AbortSignal): void {
    const { objects, resolver, network, client: identity, clock, log } = this.#options;
    const stop = new AbortController();
    const check = new AvailabilityCheck(name, {
      objects,
      client,
      clock,
      log,
      fetch: remoteFetch(resolver, network, identity, clock),
      current: (known) => this.#services.get(known),
      learnt: (known, documents) => this.#learnt(known, documents),
    });
    this.#remotes.set(name, { check, stop });
    void check.run(AbortSignal.any([signal, stop.signal]));
  }

  #learnt(name: string, documents: RemoteDocuments): void {
    if (JSON.stringify(this.#documents.get(name)) === JSON.stringify(documents)) return;
    this.#documents.set(name, documents);
    this.#touch();
  }

  #removed(name: string, signal: AbortSignal): void {
    this.#services.delete(name);
    this.#registration?.look(name, signal);
    this.#touch();
    this.#forget(name);
  }

  #forget(name: string): void {
    this.#remotes.get(name)?.stop.abort();
    this.#remotes.delete(name);
    if (this.#documents.delete(name)) this.#touch();
  }

  #lookAll(): void {
    for (const { check } of this.#remotes.values()) check.look();
  }
}
