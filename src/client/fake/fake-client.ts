import { type GroupVersionResource, type KubeObject, type Status, StatusError } from "../../apimachinery/index.ts";
import { type Clock, type Random, SeededRandom, VirtualClock } from "../../base/index.ts";
import type { Client, RawRequest, RawResponse, ResourceClient } from "../contract.ts";
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

  raw(request: RawRequest): Promise<RawResponse> {
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

export function fakeFailure(code: number, reason: string, message: string): StatusError {
  const status: Status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", code, reason, message };
  return new StatusError(status);
}
