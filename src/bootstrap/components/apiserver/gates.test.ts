import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import {
  type RunningServer,
  type ServerStore,
  skipEtcd,
  startApiserver,
  startServerStore,
} from "../../../testing/index.ts";

interface Made {
  readonly status: number;
  readonly spec: { readonly containers: readonly { readonly lifecycle?: object }[] };
}

const pods = "/api/v1/namespaces/default/pods";
const lifecycle = { stopSignal: "SIGUSR1" };

async function create({ admin }: RunningServer, name: string): Promise<Made> {
  const spec = { os: { name: "linux" }, containers: [{ name: "a", image: "x", lifecycle }] };
  const pod = JSON.stringify({ metadata: { name }, spec: { ...spec, automountServiceAccountToken: false } });
  const headers = { "content-type": "application/json" };
  await admin.raw({
    method: "POST",
    path: "/api/v1/namespaces/default/serviceaccounts",
    headers,
    body: Buffer.from('{"metadata":{"name":"default"}}'),
  });
  const { status, body } = await admin.raw({ method: "POST", path: pods, headers, body: Buffer.from(pod) });
  return { status, spec: (JSON.parse(Buffer.from(body).toString()) as Made).spec };
}

describe("fields behind feature gates", { concurrency: false, skip: skipEtcd }, () => {
  let etcd: ServerStore;
  before(async () => {
    etcd = await startServerStore();
  });
  after(() => etcd.stop());

  for (const [flags, kept] of [
    [[], undefined],
    [["--feature-gates=ContainerStopSignals=true"], lifecycle],
  ] as const) {
    it(kept === undefined ? "are dropped by default" : `are kept by ${flags.join()}`, async () => {
      const server = await startApiserver(etcd, flags);
      try {
        const made = await create(server, kept === undefined ? "without" : "with");
        assert.equal(made.status, 201);
        assert.deepEqual(made.spec.containers[0]?.lifecycle, kept);
      } finally {
        await server.stop();
      }
    });
  }
});
