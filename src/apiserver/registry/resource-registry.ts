import type { KubeObject } from "../../apimachinery/index.ts";
import { newFailure, newNotFound, quote } from "../../apimachinery/index.ts";
import type { Clock, Random } from "../../base/index.ts";
import { TimeoutError, withTimeout } from "../../base/index.ts";
import type { Store } from "../../storage/index.ts";
import type { AdmissionChain } from "../admission/chain.ts";
import type { AdmissionAttributes } from "../admission/contract.ts";
import type { CacheEntry } from "../cacher/entry.ts";
import type { ResourceCache } from "../cacher/resource-cache.ts";
import type { RequestContext } from "../request/contract.ts";
import type { ResourceDescriptor, WriteContext } from "./contract.ts";
import { groupResourceOf, tooLargeResourceVersion } from "./errors.ts";
import { FieldManagers } from "./field-manager.ts";
import { Representation } from "./representation.ts";

export interface RegistryOptions {
  readonly descriptor: ResourceDescriptor;
  readonly cache: ResourceCache;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly admission: AdmissionChain;
}

export interface WriteRequest {
  readonly context: RequestContext;
  readonly dryRun: boolean;
  /** Undefined: from the user agent. */
  readonly fieldManager?: string;
  /** The producer has seen to `managedFields` itself (server-side apply). */
  readonly managed?: boolean;
  /** The options object that admission sees (`CreateOptions`…). */
  readonly options: unknown;
}

/** An object on its way out: the cache's own, or one that a dry run made. */
export interface Representable {
  readonly json: Buffer;
  readonly object: KubeObject;
}

const freshTimeoutMs = 3_000;

/**
 * One served resource over the common store: what its strategy does not say is done here for all kinds alike.
 * Reading is in `reads.ts`, writing in `create.ts`, `update.ts` and `delete.ts`.
 */
export class ResourceRegistry {
  readonly descriptor: ResourceDescriptor;
  readonly cache: ResourceCache;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly admission: AdmissionChain;
  readonly fieldManagers: FieldManagers;
  readonly representation: Representation;

  constructor(options: RegistryOptions) {
    this.descriptor = options.descriptor;
    this.cache = options.cache;
    this.store = options.store;
    this.clock = options.clock;
    this.random = options.random;
    this.admission = options.admission;
    this.fieldManagers = new FieldManagers(options.descriptor);
    this.representation = new Representation(options.descriptor, options.cache.shape);
  }

  /** Below this stand the objects of a namespace, or all of them. */
  prefixOf(namespace: string): string {
    return this.descriptor.facts.namespaced && namespace !== ""
      ? `${this.cache.prefix}${namespace}/`
      : this.cache.prefix;
  }

  keyOf(namespace: string, name: string): string {
    return this.prefixOf(namespace) + name;
  }

  /** `resourceVersion`: undefined or "" for the newest state, "0" for whatever is at hand, else at least that new. */
  async get(namespace: string, name: string, resourceVersion?: string, signal?: AbortSignal): Promise<CacheEntry> {
    await this.reach(resourceVersion, signal);
    const entry = this.cache.get(this.keyOf(namespace, name));
    if (entry === undefined) throw newNotFound(groupResourceOf(this.descriptor), name);
    return this.representation.of(entry);
  }

  /** Waits until the cache is as new as asked. */
  async reach(resourceVersion: string | undefined, signal?: AbortSignal): Promise<void> {
    if (resourceVersion === undefined || resourceVersion === "") return this.cache.fresh(signal);
    if (!this.cache.ready) await this.cache.start();
    const revision = parseResourceVersion(resourceVersion);
    if (revision <= this.cache.revision) return;
    try {
      await withTimeout(this.clock, freshTimeoutMs, (limit) => this.cache.waitFor(revision, limit), signal);
    } catch (error) {
      if (error instanceof TimeoutError) throw tooLargeResourceVersion(BigInt(resourceVersion), this.cache.revision);
      throw error;
    }
  }

  /** The current entry for a write: from the cache if it is there, else from the store itself. */
  async current(key: string, fresh: boolean): Promise<CacheEntry | undefined> {
    if (!this.cache.ready) await this.cache.start();
    if (!fresh) {
      const cached = this.cache.get(key);
      if (cached !== undefined) return cached;
    }
    const stored = await this.store.get(key);
    return stored === undefined ? undefined : this.cache.committed(key, stored.value, stored.modRevision);
  }

  /** The stored bytes of an object, without its resource version; the object passes into the cache's possession. */
  async encode(object: KubeObject): Promise<{ readonly bytes: Buffer; readonly stored: KubeObject }> {
    const { convert, storageCodec } = this.descriptor;
    const stored = convert === undefined ? object : await convert.toStorage(object);
    delete stored.metadata.resourceVersion;
    const text = storageCodec.encode(stored);
    // Of its own: the store keeps it, and must not keep a pool alive with it.
    const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
    bytes.write(text);
    this.cache.expect(bytes, stored);
    return { bytes, stored };
  }

  /** What a dry run answers with: what would be read back, where objects are stored in another version. */
  imagined(object: KubeObject): Representable | Promise<Representable> {
    const { convert } = this.descriptor;
    return convert === undefined ? this.#encoded(object) : this.#readBack(object, convert);
  }

  async #readBack(object: KubeObject, convert: NonNullable<ResourceDescriptor["convert"]>): Promise<Representable> {
    const [served = object] = await convert.fromStorage([await convert.toStorage(object)]);
    return this.#encoded(served);
  }

  #encoded(object: KubeObject): Representable {
    const text = this.descriptor.codec.encode(object);
    return { json: Buffer.from(text), object };
  }

  writeContext(request: WriteRequest): WriteContext {
    return { request: request.context, dryRun: request.dryRun, random: this.random };
  }

  attributes(
    operation: AdmissionAttributes["operation"],
    request: WriteRequest,
    of: {
      readonly namespace: string;
      readonly name: string;
      readonly subresource: string;
      readonly object: KubeObject | undefined;
      readonly oldObject: KubeObject | undefined;
    },
  ): AdmissionAttributes {
    const { gvk, group, version, facts } = this.descriptor;
    // A namespace is in itself.
    const inside = of.namespace === "" && facts.name === "namespaces" && group === "" ? of.name : of.namespace;
    return {
      operation,
      kind: gvk,
      resource: { group, version, resource: facts.name },
      ...of,
      namespace: inside,
      options: optionsFor(operation, request.options),
      dryRun: request.dryRun,
      context: request.context,
    };
  }
}

const optionKinds: Readonly<Record<string, string>> = { CREATE: "CreateOptions", UPDATE: "UpdateOptions" };

/** Admission sees a patch as the update, or the creation, that it comes to. */
function optionsFor(operation: AdmissionAttributes["operation"], options: unknown): unknown {
  const kind = optionKinds[operation];
  const given = options as { readonly kind?: string; readonly force?: boolean };
  if (kind === undefined || given.kind === undefined || given.kind === kind) return options;
  const { force: _, ...rest } = given;
  return { ...rest, kind };
}

const uint64Max = 2n ** 64n - 1n;

/** Why this is no resource version; undefined for what fits 64 bits without a sign. */
export function resourceVersionProblem(text: string): string | undefined {
  const digits = /^[0-9]+$/.test(text);
  if (digits && (text.length < 20 || BigInt(text) <= uint64Max)) return undefined;
  const quoted = quote(text);
  const why = digits ? "value out of range" : "invalid syntax";
  return `resourceVersion: Invalid value: ${quoted}: strconv.ParseUint: parsing ${quoted}: ${why}`;
}

/**
 * The revision that a resource version stands for; above 2^53 not exactly, but far beyond any that there is. Throws 500
 * without a reason for what is none, since upstream takes that for a failure of its own.
 */
export function parseResourceVersion(text: string): number {
  const problem = resourceVersionProblem(text);
  if (problem !== undefined) throw newFailure(500, "", problem);
  return Number(text);
}
