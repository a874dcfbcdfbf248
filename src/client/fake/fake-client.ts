import { type GroupVersionResource, type KubeObject, type Status, StatusError } from "../../apimachinery/index.ts";
import { type Clock, type Random, SeededRandom, VirtualClock } from "../../base/index.ts";
import type { Client, RawRequest, RawResponse, ResourceClient } from "../contract.ts";
import type { ResourceKind } from "../typed.ts";
import { FakeResourceClient } from "./fake-resource-client.ts";
import { FakeStore } from "./fake-store.ts";

export interface FakeAction {
  readonly verb: "get" | "list" | "watch" | "create" | "update" | "patch" | "delete";
  readonly resource: string;
  readonly subresource?: string | undefined;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly object?: KubeObject | undefined;
}

/** Looks at each action before it happens; what it throws is what the caller gets. */
export type FakeReactor = (action: FakeAction) => void;

export interface FakeClientOptions {
  readonly clock?: Pick<Clock, "now">;
  readonly random?: Random;
  /** Answers `raw`. */
  readonly raw?: (request: RawRequest) => Promise<RawResponse>;
}

/**
 * A server in memory, for unit tests: names, revisions, conflicts, generations, finalizers, the status subresource,
 * list, watch (bookmarks, streaming lists, 410) and merge patches. No defaults, validation, admission or graceful
 * deletion; where those matter, test against the real API server in process.
 */
export class FakeClient implements Client {
  readonly store = new FakeStore();
  readonly actions: FakeAction[] = [];
  readonly clock: Pick<Clock, "now">;
  readonly random: Random;
  readonly #options: FakeClientOptions;
  readonly #reactors: FakeReactor[] = [];
  /** What `raw` answers, by path with query. */
  readonly answers = new Map<string, unknown>();
  #discovered: readonly Omit<ResourceKind<KubeObject>, "type">[] | undefined;

  constructor(options: FakeClientOptions = {}) {
    this.#options = options;
    this.clock = options.clock ?? new VirtualClock();
    this.random = options.random ?? new SeededRandom(1);
  }

  resource<T extends KubeObject = KubeObject>(resource: GroupVersionResource): ResourceClient<T> {
    return new FakeResourceClient<T>(this, resource);
  }

  with(): Client {
    return this;
  }

  /** Answers discovery with these resources. */
  serveDiscovery(kinds: readonly Omit<ResourceKind<KubeObject>, "type">[]): void {
    this.#discovered = kinds;
  }

  raw(request: RawRequest): Promise<RawResponse> {
    const discovery = discoveryAnswer(request.path, this.#discovered);
    if (discovery !== undefined) return Promise.resolve(discovery);
    const answer = this.answers.get(request.path);
    if (answer !== undefined)
      return Promise.resolve({ status: 200, headers: {}, body: new TextEncoder().encode(JSON.stringify(answer)) });
    if (this.#options.raw !== undefined) return this.#options.raw(request);
    return Promise.reject(fakeFailure(404, "NotFound", `the fake does not answer ${request.path}`));
  }

  /** Adds a reactor; returns its removal. */
  react(reactor: FakeReactor): () => void {
    this.#reactors.push(reactor);
    return () => this.#reactors.splice(this.#reactors.indexOf(reactor), 1);
  }

  /** Notes an action and lets the reactors refuse it. */
  record(action: FakeAction): void {
    this.actions.push(action);
    for (const reactor of this.#reactors) reactor(action);
  }
}

const allVerbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

function discoveryAnswer(
  path: string,
  kinds: readonly Omit<ResourceKind<KubeObject>, "type">[] | undefined,
): RawResponse | undefined {
  if (kinds === undefined || (path !== "/api" && path !== "/apis")) return undefined;
  const served = kinds.filter((kind) => (kind.group === "") === (path === "/api"));
  const items = served.map(({ group, version, resource, kind, namespaced }) => {
    const scope = namespaced ? "Namespaced" : "Cluster";
    const resources = [{ resource, responseKind: { group, version, kind }, scope, verbs: allVerbs }];
    return { metadata: { name: group }, versions: [{ version, resources }] };
  });
  return {
    status: 200,
    headers: {},
    body: new TextEncoder().encode(JSON.stringify({ kind: "APIGroupDiscoveryList", items })),
  };
}

export function fakeFailure(code: number, reason: string, message: string): StatusError {
  const status: Status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", code, reason, message };
  return new StatusError(status);
}
