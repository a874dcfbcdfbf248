// The API server of the benchmarks: TLS, SQLite (or memory), RBAC, admission and managed fields on, as in a cluster.
// Arguments: directory, datastore. Prints one JSON line when it is ready, and its memory on every line it reads.
import "../../bin/plain-imports.ts";
import { createInterface } from "node:readline";
import { join } from "node:path";
import type { Store } from "../../src/storage/index.ts";

// As bin/k8ts.ts does.
const { createRealPlatform, importParts, keepYoungHeapSmall, silentLog } = await import("../../src/base/index.ts");
keepYoungHeapSmall();
await importParts([
  () => import("../../src/apimachinery/index.ts"),
  () => import("../../src/api/index.ts"),
  () => import("../../src/client/index.ts"),
  () => import("../../src/component/index.ts"),
  () => import("../../src/storage/index.ts"),
  () => import("../../src/apiserver/index.ts"),
]);
const { createStandardServer, listenHttp, tokenFileAuthenticator } = await import("../../src/apiserver/index.ts");
const { createMemoryStore, openSqliteStore } = await import("../../src/storage/index.ts");

const [directory = "", datastore = "sqlite"] = process.argv.slice(2);
const platform = createRealPlatform();
const { clock, disk } = platform;
const read = (name: string): Promise<string> => disk.readText(join(directory, name));

const store: Store =
  datastore === "memory"
    ? createMemoryStore({ clock })
    : await openSqliteStore({ clock, path: join(directory, "state.db") });
const clientCa = await read("ca.crt");
const { server, client } = createStandardServer({
  ...platform,
  log: silentLog,
  store,
  clientCa,
  authenticators: [tokenFileAuthenticator(await read("tokens.csv"))],
  serviceAccounts: {
    signingKey: await read("sa.key"),
    verificationKeys: [],
    issuers: ["https://bench"],
    audiences: [],
  },
  advertise: { address: "192.0.2.1", port: 6443 },
});
const stopping = new AbortController();
const running = server.run(stopping.signal);
const tls = { key: await read("server.key"), cert: await read("server.crt"), clientCa };
const http = await listenHttp({ host: "127.0.0.1", port: 0, tls, handler: server.handler });
await server.started;

const admin = client("bench-setup", ["system:masters"]);
await admin
  .resource({ group: "", version: "v1", resource: "serviceaccounts" })
  .namespace("default")
  .create({ metadata: { name: "default" } })
  .catch(() => {});
await admin
  .resource({ group: "rbac.authorization.k8s.io", version: "v1", resource: "clusterrolebindings" })
  .create({
    metadata: { name: "bench" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
    subjects: [{ kind: "User", name: "bench", apiGroup: "rbac.authorization.k8s.io" }],
  } as never)
  .catch(() => {});

const report = (): void => {
  const { user, system } = process.cpuUsage();
  const status = {
    port: http.port,
    rssBytes: process.memoryUsage.rss(),
    peakBytes: process.resourceUsage().maxRSS * 1024,
    cpuUs: user + system,
  };
  process.stdout.write(`${JSON.stringify(status)}\n`);
};
report();
createInterface({ input: process.stdin })
  .on("line", () => report())
  .once("close", () => {
    stopping.abort();
    void Promise.all([running, http.close(0)]).then(() => store.close());
  });
