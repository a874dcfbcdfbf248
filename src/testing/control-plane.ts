import { generateKeyPairSync } from "node:crypto";
import {
  type AdmissionPlugin,
  type ApiServer,
  type Authorizer,
  createApiServer,
  createLocalClient,
  createStandardServer,
  type StandardServerOptions,
  type StrategyTable,
  type UserInfo,
} from "../apiserver/index.ts";
import { type Clock, type Log, RealClock, RealRandom, type Random, silentLog } from "../base/index.ts";
import type { Client } from "../client/index.ts";
import { createMemoryStore, type Store } from "../storage/index.ts";

export interface TestControlPlaneOptions {
  readonly clock?: Clock;
  readonly random?: Random;
  readonly log?: Log;
  /** Default: a new store in memory. */
  readonly store?: Store;
  /** Default: everything is allowed. */
  readonly authorizer?: Authorizer;
  readonly admission?: readonly AdmissionPlugin[];
  readonly strategies?: StrategyTable;
}

/** An API server inside a test: no sockets, no disk. Starts in milliseconds, on virtual time if given such a clock. */
export interface TestControlPlane {
  readonly server: ApiServer;
  readonly store: Store;
  /** A cluster administrator. */
  readonly client: Client;
  clientFor(user: UserInfo, userAgent?: string): Client;
  /** Stops the server; its store goes on when it was passed in. */
  stop(): Promise<void>;
  /** Stops the server and leaves the store, for a next one to start on. */
  halt(): Promise<void>;
}

const administrator: UserInfo = { name: "admin", groups: ["system:masters", "system:authenticated"] };

/** Registry, cache and handlers alone: no default objects, no authorization unless given. */
export async function startControlPlane(options: TestControlPlaneOptions = {}): Promise<TestControlPlane> {
  const { clock = new RealClock(), random = new RealRandom(), log = silentLog } = options;
  const store = options.store ?? createMemoryStore({ clock });
  const server = createApiServer({
    store,
    clock,
    random,
    log,
    authenticator: { name: "test", authenticate: () => ({ type: "authenticated", user: administrator }) },
    runtime: { nodeVersion: "26", architecture: "x64" },
    ...(options.authorizer === undefined ? {} : { authorizer: options.authorizer }),
    ...(options.admission === undefined ? {} : { admission: options.admission }),
    ...(options.strategies === undefined ? {} : { strategies: options.strategies }),
  });
  return run(server, store, options.store === undefined);
}

export type StandardControlPlaneOptions = Pick<TestControlPlaneOptions, "clock" | "random" | "log" | "store"> &
  Partial<Pick<StandardServerOptions, "more" | "serviceAccounts">>;

/** The server as a cluster runs it: RBAC, allocators, default objects. Resolves when it is ready. */
export async function startStandardControlPlane(options: StandardControlPlaneOptions = {}): Promise<TestControlPlane> {
  const { clock = new RealClock(), random = new RealRandom(), log = silentLog, more } = options;
  const store = options.store ?? createMemoryStore({ clock });
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { server } = createStandardServer({
    store,
    clock,
    random,
    log,
    serviceAccounts: options.serviceAccounts ?? {
      signingKey: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
      verificationKeys: [],
      issuers: ["https://kubernetes.default.svc.cluster.local"],
      audiences: [],
    },
    advertise: { address: "192.0.2.1", port: 6443 },
    ...(more === undefined ? {} : { more }),
  });
  return run(server, store, options.store === undefined);
}

async function run(server: ApiServer, store: Store, ownStore: boolean): Promise<TestControlPlane> {
  const stopping = new AbortController();
  const running = server.run(stopping.signal);
  await server.started;
  const clientFor = (user: UserInfo, userAgent = "test"): Client => createLocalClient(server, { user, userAgent });
  const halt = async (): Promise<void> => {
    stopping.abort();
    await running;
  };
  return {
    server,
    store,
    client: clientFor(administrator),
    clientFor,
    halt,
    stop: async () => {
      await halt();
      if (ownStore) await store.close();
    },
  };
}
