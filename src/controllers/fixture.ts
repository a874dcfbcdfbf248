import type { Event, Pod } from "../api/index.ts";
import { formatTime, type KubeObject } from "../apimachinery/index.ts";
import { CapturingLog, SeededRandom, VirtualClock } from "../base/index.ts";
import {
  copyOf,
  FakeClient,
  isNotFound,
  type KindName,
  kinds,
  type ObjectOf,
  type TypedClient,
  typed,
} from "../client/index.ts";
import { MetricsRegistry } from "../component/index.ts";
import type { ControllerConfig } from "./config.ts";
import { createControllerManager } from "./controller-manager.ts";
import type { ControllerDescriptor } from "./descriptor.ts";

export interface Fixture {
  readonly clock: VirtualClock;
  readonly client: FakeClient;
  readonly api: TypedClient;
  readonly log: CapturingLog;
  readonly registry: MetricsRegistry;
  /** Stores objects as they are, status included. */
  put<N extends KindName>(kind: N, ...objects: readonly ObjectOf<N>[]): Promise<void>;
  all<N extends KindName>(kind: N): readonly ObjectOf<N>[];
  get<N extends KindName>(kind: N, key: string): ObjectOf<N> | undefined;
  change<N extends KindName>(kind: N, key: string, change: (object: ObjectOf<N>) => void): Promise<void>;
  /** Changes status (or whatever else) as if a node had written it. */
  force<N extends KindName>(kind: N, key: string, change: (object: ObjectOf<N>) => void): void;
  remove(kind: KindName, key: string): Promise<void>;
  /** `Type Reason: message` of the events about an object, in order. */
  events(name: string): readonly string[];
  /** Lets controllers work until nothing more happens without time passing. */
  settle(): Promise<void>;
  advance(ms: number): Promise<void>;
}

/** Runs controllers against a fake server on virtual time, calls the test, and stops them. */
export async function withControllers(
  descriptors: readonly ControllerDescriptor[],
  test: (fixture: Fixture) => Promise<void>,
  options: { readonly config?: ControllerConfig; readonly seed?: (fixture: Fixture) => Promise<void> } = {},
): Promise<void> {
  const clock = new VirtualClock();
  const client = new FakeClient({ clock, random: new SeededRandom("server") });
  const log = new CapturingLog();
  const registry = new MetricsRegistry();
  const fixture = makeFixture(clock, client, log, registry);
  await options.seed?.(fixture);
  const controller = new AbortController();
  const manager = createControllerManager({
    clientFor: () => client,
    clock,
    random: new SeededRandom("controllers"),
    log,
    registry,
    descriptors,
    enabled: descriptors.map(({ name }) => name),
    config: options.config ?? {},
  });
  const running = manager.run(controller.signal);
  try {
    await clock.settle();
    await test(fixture);
  } finally {
    controller.abort();
    await clock.runUntilIdle(1_000);
    await running;
  }
}

function makeFixture(clock: VirtualClock, client: FakeClient, log: CapturingLog, registry: MetricsRegistry): Fixture {
  const table = (kind: KindName): string => {
    const { group, resource } = kinds[kind];
    return group === "" ? resource : `${resource}.${group}`;
  };
  const read = (kind: KindName, key: string): KubeObject | undefined =>
    client.store.table(table(kind)).objects.get(key);
  const write = (kind: KindName, key: string, object: KubeObject): void =>
    void client.store.write(table(kind), key, object);
  const fixture: Fixture = {
    clock,
    client,
    api: typed(client),
    log,
    registry,
    async put(kind, ...objects) {
      for (const object of objects) {
        const made = structuredClone(object) as KubeObject;
        made.metadata.uid ??= `uid-${made.metadata.name}`;
        made.metadata.creationTimestamp ??= formatTime(clock.now());
        made.metadata.generation ??= 1;
        const { namespace, name = "" } = made.metadata;
        write(kind, namespace === undefined ? name : `${namespace}/${name}`, made);
      }
    },
    all: (kind) => [...client.store.table(table(kind)).objects.values()] as never,
    get: (kind, key) => read(kind, key) as never,
    async change(kind, key, change) {
      const object = copyOf(read(kind, key));
      if (object === undefined) throw new Error(`${kind} ${key} is not there`);
      change(object as never);
      await client
        .resource(kinds[kind])
        .namespace(object.metadata.namespace ?? "")
        .update(object);
    },
    force(kind, key, change) {
      const object = copyOf(read(kind, key));
      if (object === undefined) throw new Error(`${kind} ${key} is not there`);
      change(object as never);
      write(kind, key, object);
    },
    async remove(kind, key) {
      const slash = key.indexOf("/");
      const scoped = client.resource(kinds[kind]).namespace(slash < 0 ? "" : key.slice(0, slash));
      await scoped.delete(key.slice(slash + 1)).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
    },
    events: (name) =>
      (fixture.all("events") as readonly Event[])
        .filter((event) => event.involvedObject.name === name)
        .map((event) => `${event.type} ${event.reason}: ${event.message}`),
    settle: () => clock.advance(20),
    advance: (ms) => clock.advance(ms),
  };
  return fixture;
}

/** As a node does: the pod runs and is ready. */
export function makeReady(fixture: Fixture, pod: Pod): void {
  const time = formatTime(fixture.clock.now());
  fixture.force("pods", `${pod.metadata.namespace}/${pod.metadata.name}`, (changed) => {
    changed.spec.nodeName ??= "node-1";
    changed.status = {
      ...changed.status,
      phase: "Running",
      podIP: `10.0.0.${fixture.client.store.revision % 250}`,
      startTime: time,
      conditions: [{ type: "Ready", status: "True", lastTransitionTime: time }],
    };
  });
}

/** Makes every pending pod ready, and lets the controllers see it, until none is left. */
export async function runPods(fixture: Fixture, rounds = 20): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    await fixture.settle();
    const pending = fixture
      .all("pods")
      .filter((pod) => pod.status?.phase === undefined || pod.status.phase === "Pending");
    if (pending.length === 0) return;
    for (const pod of pending) makeReady(fixture, pod);
  }
}
