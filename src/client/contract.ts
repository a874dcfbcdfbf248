import type { GroupVersionResource, KubeList, KubeObject } from "../apimachinery/index.ts";

/**
 * The one interface through which every component talks to an API server. Two transports: HTTP(S), and a direct call
 * into an API server in the same process, where the objects that come back are the cache's own, frozen. Callers must
 * therefore copy (`structuredClone`) before they change anything. Every failure of the server is a `StatusError`.
 */
export interface Client {
  /** Operations on one resource. `P` in `typed.pods` etc. comes from `client/typed.ts`, generated from the facts. */
  resource<T extends KubeObject = KubeObject>(resource: GroupVersionResource): ResourceClient<T>;
  /** A plain request, for discovery, `/version`, node proxying and other paths outside resources. */
  raw(request: RawRequest): Promise<RawResponse>;
  /** The same client acting with other properties, for example another user agent or an impersonated user. */
  with(options: { readonly userAgent?: string; readonly impersonate?: Impersonation }): Client;
}

export interface ResourceClient<T extends KubeObject> {
  /** Cluster-wide lists and watches when absent; required for the other verbs on namespaced resources. */
  namespace(namespace: string): ResourceClient<T>;
  get(name: string, options?: GetOptions): Promise<T>;
  list(options?: ListOptions): Promise<KubeList<T>>;
  watch(options: WatchOptions): WatchStream<T>;
  create(object: T, options?: WriteOptions): Promise<T>;
  update(object: T, options?: WriteOptions): Promise<T>;
  patch(
    name: string,
    patch: Patch,
    options?: WriteOptions & { readonly subresource?: string; readonly force?: boolean },
  ): Promise<T>;
  delete(name: string, options?: DeleteOptions): Promise<void>;
  deleteCollection(options: DeleteOptions, list: ListOptions): Promise<void>;
  /** `status`, `scale`, `binding`, `eviction`, `token`, `approval`, `finalize`, `ephemeralcontainers`, `resize`. */
  getSubresource<S extends KubeObject>(name: string, subresource: string): Promise<S>;
  updateSubresource<S extends KubeObject>(
    name: string,
    subresource: string,
    object: S,
    options?: WriteOptions,
  ): Promise<S>;
  createSubresource<S extends KubeObject>(
    name: string,
    subresource: string,
    object: S,
    options?: WriteOptions,
  ): Promise<S>;
  /** `updateSubresource(name, "status", …)` by its usual name. */
  updateStatus(object: T, options?: WriteOptions): Promise<T>;
}

export interface GetOptions {
  readonly resourceVersion?: string;
  readonly signal?: AbortSignal;
}

export interface ListOptions {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: "Exact" | "NotOlderThan";
  readonly signal?: AbortSignal;
}

export interface WatchOptions {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: "NotOlderThan";
  readonly sendInitialEvents?: boolean;
  readonly allowWatchBookmarks?: boolean;
  readonly timeoutSeconds?: number;
  readonly signal?: AbortSignal;
}

export type WatchEvent<T> =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: T }
  | { readonly type: "BOOKMARK"; readonly object: T }
  | { readonly type: "ERROR"; readonly status: import("../apimachinery/index.ts").Status };

/** Ends when the server ends it (time-out, restart); throws `StatusError` when it cannot be opened (410 included). */
export interface WatchStream<T> extends AsyncIterable<WatchEvent<T>> {
  close(): void;
}

export interface WriteOptions {
  readonly dryRun?: boolean;
  readonly fieldManager?: string;
  readonly fieldValidation?: "Ignore" | "Warn" | "Strict";
  readonly signal?: AbortSignal;
}

export type Patch =
  | { readonly type: "json"; readonly operations: readonly unknown[] }
  | { readonly type: "merge"; readonly body: unknown }
  | { readonly type: "strategic"; readonly body: unknown }
  | { readonly type: "apply"; readonly body: unknown };

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: "Orphan" | "Background" | "Foreground";
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
}

export interface RawRequest {
  readonly method: string;
  /** With query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly signal?: AbortSignal;
}

export interface RawResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface Impersonation {
  readonly user: string;
  readonly groups?: readonly string[];
  readonly uid?: string;
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}
