import {
  type AdmissionPlugin,
  type ApiServer,
  type Authorizer,
  createApiServer,
  createLocalClient,
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
  stop(): Promise<void>;
}

const administrator: UserInfo = { name: "admin", groups: ["system:masters", "system:authenticated"] };

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
  const stopping = new AbortController();
  const running = server.run(stopping.signal);
  await server.hub.start();
  const clientFor = (user: UserInfo, userAgent = "test"): Client => createLocalClient(server, { user, userAgent });
  return {
    server,
    store,
    client: clientFor(administrator),
    clientFor,
    stop: async () => {
      stopping.abort();
      await running;
      if (options.store === undefined) await store.close();
    },
  };
}
