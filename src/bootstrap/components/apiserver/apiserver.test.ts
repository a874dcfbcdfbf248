import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { KubeObject } from "../../../apimachinery/index.ts";
import type { ClosableClient } from "../../../client/index.ts";
import {
  contextOf,
  platform,
  type RunningServer,
  skipEtcd,
  startApiserver,
  startServerStore,
} from "../../../testing/index.ts";
import { apiserver } from "./apiserver.ts";

type ConfigMap = KubeObject & { data?: Record<string, string> };

type Endpoints = KubeObject & { subsets?: { addresses: { ip: string }[] }[] };

const configMaps = { group: "", version: "v1", resource: "configmaps" };

/** What the command says to a wrong command line. */
async function refusal(...args: string[]): Promise<string> {
  const { context, said } = contextOf(new AbortController().signal);
  assert.equal(await apiserver(args, context), 1);
  return said().trim();
}

const needed = [
  "--etcd-servers=http://127.0.0.1:1",
  "--service-account-issuer=https://x",
  "--service-account-signing-key-file=/k",
  "--service-account-key-file=/k",
];

test("mistakes on the command line are told in upstream's words", async () => {
  assert.equal(await refusal("--nope"), "Error: unknown flag: --nope");
  assert.match(await refusal(), /^Error: \[--etcd-servers must be specified, /);
  assert.equal(
    await refusal(...needed, "--cors-allowed-origins=example"),
    "Error: --cors-allowed-origins has an invalid regular expression: regular expression does not pin to start/end of host in the origin header",
  );
  assert.equal(
    await refusal(...needed, "--goaway-chance=0.5"),
    "Error: --goaway-chance can not be less than 0 or greater than 0.02",
  );
  assert.equal(
    await refusal(...needed, "--authorization-mode=Foo"),
    'Error: authorization-mode "Foo" is not a valid mode',
  );
  assert.equal(await refusal(...needed, "--feature-gates=Foo=true"), "Error: unrecognized feature gate: Foo");
  assert.equal(
    await refusal(...needed, "--feature-gates=kube:GangScheduling=true"),
    "Error: cannot set feature gate GangScheduling to true, feature is locked to false in k8ts",
  );
  assert.equal(await refusal(...needed, "extra"), 'Error: unknown command "extra"');
});

test("mistakes in configuration files are told before anything is opened", async () => {
  const directory = mkdtempSync(join(tmpdir(), "k8ts-mistakes-"));
  const write = (name: string, kind: string, rest: object): string => {
    const file = join(directory, name);
    writeFileSync(file, JSON.stringify({ apiVersion: "apiserver.config.k8s.io/v1", kind, ...rest }));
    return file;
  };
  const authentication = (rest: object) =>
    refusal(...needed, `--authentication-config=${write("authn.yaml", "AuthenticationConfiguration", rest)}`);
  const authorization = (rest: object) =>
    refusal(...needed, `--authorization-config=${write("authz.yaml", "AuthorizationConfiguration", rest)}`);
  try {
    const issuer = { url: "https://a.test:x", audiences: ["a"] };
    const jwt = [{ issuer, claimMappings: { username: { claim: "sub", prefix: "" } } }];
    assert.equal(
      await authentication({ jwt }),
      'Error: invalid authentication configuration: jwt[0].issuer.url: Invalid value: "https://a.test:x": parse "https://a.test:x": invalid port ":x" after host',
    );
    assert.equal(
      await authentication({ nope: 1 }),
      `Error: failed to load authentication configuration from file "${directory}/authn.yaml": strict decoding error: unknown field "nope"`,
    );
    assert.equal(
      await refusal(...needed, `--authentication-config=${directory}/none`),
      `Error: failed to load authentication configuration from file "${directory}/none": open ${directory}/none: no such file or directory`,
    );
    assert.equal(
      await authorization({ authorizers: [] }),
      "Error: authorizers: Required value: at least one authorization mode must be defined",
    );
    assert.equal(
      await authorization({ nope: 1 }),
      'Error: failed to load AuthorizationConfiguration from file: strict decoding error: unknown field "nope"',
    );
    const webhook = {
      timeout: "3s",
      subjectAccessReviewVersion: "v1",
      failurePolicy: "Deny",
      connectionInfo: { type: "KubeConfigFile", kubeConfigFile: "/none" },
    };
    assert.equal(
      await authorization({ authorizers: [{ type: "Webhook", name: "w", webhook }] }),
      'Error: authorizers[0].connectionInfo.kubeConfigFile: Invalid value: "/none": error loading file: stat /none: no such file or directory',
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
});

interface Pair {
  readonly first: ClosableClient;
  readonly second: ClosableClient;
  readonly etcd: string;
  readonly directory: string;
}

/** Two API servers over one etcd, each the command itself. */
async function withTwoServers(work: (pair: Pair) => Promise<void>): Promise<void> {
  const etcd = await startServerStore();
  const { directory } = etcd;
  const policy = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{ level: Metadata, verbs: [create] }]\n";
  await writeFile(join(directory, "policy.yaml"), policy);
  const servers: RunningServer[] = [];
  try {
    const starting = ["192.0.2.1", "192.0.2.2"].map((address) =>
      startApiserver(etcd, [
        `--advertise-address=${address}`,
        `--cert-dir=${directory}/${address}`,
        "--authorization-mode=Node,RBAC",
        `--audit-policy-file=${directory}/policy.yaml`,
        `--audit-log-path=${directory}/audit-${address}.log`,
        "--runtime-config=batch/v1=false",
      ]),
    );
    for (const started of await Promise.allSettled(starting)) {
      if (started.status === "fulfilled") servers.push(started.value);
    }
    await Promise.all(starting);
    const [first, second] = servers;
    assert.ok(first !== undefined && second !== undefined);
    await work({ first: first.admin, second: second.admin, etcd: etcd.url, directory });
  } finally {
    await Promise.allSettled(servers.map((server) => server.stop()));
    await etcd.stop();
  }
}

test("two servers over one etcd tell the same", { skip: skipEtcd }, () =>
  withTwoServers(async ({ first, second, etcd, directory }) => {
    const here = first.resource<ConfigMap>(configMaps).namespace("default");
    const there = second.resource<ConfigMap>(configMaps).namespace("default");

    // What one has answered, the other knows: in reads, in lists, and in conflicts.
    const start = await there.list();
    for (let index = 0; index < 20; index++) {
      const name = `map-${index}`;
      const made = await here.create({ metadata: { name }, data: { n: "1" } });
      assert.deepEqual((await there.get(name)).data, { n: "1" });
      await there.update({ ...made, data: { n: "2" } });
      assert.deepEqual((await here.get(name)).data, { n: "2" });
      await assert.rejects(here.update({ ...made, data: { n: "3" } }), /the object has been modified/);
    }
    assert.equal((await there.list()).items.length, (await here.list()).items.length);

    // The other's watch misses nothing, in order.
    const seen: string[] = [];
    const resourceVersion = start.metadata.resourceVersion ?? "";
    for await (const event of there.watch({ resourceVersion })) {
      if (event.type === "ERROR") assert.fail(JSON.stringify(event.status));
      seen.push(`${event.type} ${event.object.metadata.name} ${event.object.data?.["n"]}`);
      if (seen.length === 40) break;
    }
    const expected = Array.from({ length: 20 }, (_, at) => [`ADDED map-${at} 1`, `MODIFIED map-${at} 2`]).flat();
    assert.deepEqual(seen, expected);

    // Both are behind the Service of the API server.
    const endpoints = first.resource<Endpoints>({ group: "", version: "v1", resource: "endpoints" });
    const { subsets } = await endpoints.namespace("default").get("kubernetes");
    assert.deepEqual(
      subsets?.[0]?.addresses.map(({ ip }) => ip),
      ["192.0.2.1", "192.0.2.2"],
    );

    await readsProtobuf(first, second, etcd, directory);
    const off = await first.raw({ method: "GET", path: "/apis/batch/v1/jobs" });
    assert.equal(off.status, 404, "batch/v1 is switched off");
    const metrics = Buffer.from((await first.raw({ method: "GET", path: "/metrics" })).body).toString();
    // Whichever server comes first publishes certificates in one more, and notes in another since when it watches tokens.
    assert.match(metrics, /^apiserver_request_total\{verb="POST",.*resource="configmaps",.*code="201"\} 2[0-2]$/m);
    assert.match(metrics, /^etcd_requests_total\{operation="create",group="",resource="configmaps"\} \d+$/m);
    assert.match(metrics, /^apiserver_resource_objects\{group="",resource="configmaps"\} \d+$/m);
    const logs = (await platform.disk.list(directory)).filter((name) => name.startsWith("audit-"));
    const lines = await Promise.all(logs.map((name) => platform.disk.readText(join(directory, name))));
    const creations = lines
      .join("")
      .split("\n")
      .filter((line) => line.includes('"stage":"ResponseComplete"'));
    assert.equal(creations.filter((line) => line.includes('"username":"admin"')).length, 20);
    // The server's own calls are recorded as well: upstream's come over the loopback.
    assert.ok(creations.some((line) => line.includes('"username":"system:apiserver"')));
  }),
);

/** A value as upstream's API server stores it, put there behind the servers' backs. */
async function readsProtobuf(first: ClosableClient, second: ClosableClient, etcd: string, directory: string) {
  const path = "/api/v1/namespaces/default/configmaps/map-0";
  const accept = "application/vnd.kubernetes.protobuf";
  const { body } = await first.raw({ method: "GET", path, headers: { accept } });
  assert.deepEqual([...body.subarray(0, 4)], [0x6b, 0x38, 0x73, 0x00]);
  const renamed = Buffer.from(body).toString("latin1").replace("map-0", "proto");
  await writeFile(join(directory, "value"), Buffer.from(renamed, "latin1"));
  const put = `exec etcdctl --endpoints ${etcd} put /registry/configmaps/default/proto < ${directory}/value`;
  assert.equal((await platform.processes.run("sh", ["-c", put], { env: { ETCDCTL_API: "3" } })).code, 0);
  const maps = second.resource<ConfigMap>(configMaps).namespace("default");
  const read = await maps.get("proto");
  assert.deepEqual(read.data, { n: "2" });
  assert.equal(read.kind, "ConfigMap");
  const changed = await maps.patch("proto", { type: "merge", body: { data: { n: "3" } } });
  assert.deepEqual((await first.resource<ConfigMap>(configMaps).namespace("default").get("proto")).data, changed.data);
}
