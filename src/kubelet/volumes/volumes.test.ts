import assert from "node:assert/strict";
import { test } from "node:test";
import { newNotFound } from "../../apimachinery/index.ts";
import { createVirtualPlatform, silentLog } from "../../base/index.ts";
import { FakeClient, isNotFound } from "../../client/index.ts";
import { Paths } from "../paths.ts";
import { testContainer, testPod } from "../testing/fixtures.ts";
import type { ConfigMap, Secret, Volume } from "../types.ts";
import { AtomicWriter } from "./atomic-writer.ts";
import { prepareHostPath } from "./host-path.ts";
import { VolumeManager, type VolumeManagerOptions } from "./manager.ts";
import { parseMountInfo } from "./mounts.ts";
import { type Payload, payloadOf } from "./payload.ts";
import { resolveSubPath } from "./sub-path.ts";

const facts = { podIps: ["10.0.0.5"], hostIps: ["192.168.0.1"], nodeName: "n1", allocatable: {} };
const maps: Record<string, ConfigMap> = {
  cm: { metadata: { name: "cm" }, data: { a: "1", b: "2" }, binaryData: { bin: btoa("x") } },
};
const secrets: Record<string, Secret> = { sec: { metadata: { name: "sec" }, data: { key: btoa("geheim") } } };

function payload(volume: Omit<Volume, "name">, spec = {}): Promise<Payload | undefined> {
  return payloadOf(
    testPod(spec, { labels: { app: "web" } }),
    { name: "v", ...volume },
    {
      configMap: async (name) => maps[name] ?? Promise.reject(newNotFound({ group: "", resource: "configmap" }, name)),
      secret: async (name) => secrets[name] ?? Promise.reject(newNotFound({ group: "", resource: "secret" }, name)),
      token: async ({ audience, expirationSeconds }) => `token for ${audience} ${expirationSeconds}`,
      isNotFound,
      facts,
    },
  );
}

async function shown(volume: Omit<Volume, "name">, spec = {}): Promise<string[]> {
  const files = (await payload(volume, spec)) ?? new Map();
  return [...files].map(([path, { data, mode }]) => `${path} ${mode.toString(8)} ${Buffer.from(data).toString()}`);
}

test("config maps and secrets as files", async () => {
  assert.deepEqual(await shown({ configMap: { name: "cm" } }), ["a 644 1", "b 644 2", "bin 644 x"]);
  const items = [{ key: "a", path: "deep/a", mode: 0o400 }];
  assert.deepEqual(await shown({ configMap: { name: "cm", items, defaultMode: 0o600 } }), ["deep/a 400 1"]);
  assert.deepEqual(await shown({ secret: { secretName: "sec", defaultMode: 0o400 } }), ["key 400 geheim"]);
  assert.deepEqual(await shown({ secret: { secretName: "nope", optional: true } }), []);
  await assert.rejects(payload({ secret: { secretName: "nope" } }), /secret "nope" not found/);
  await assert.rejects(
    payload({ configMap: { name: "cm", items: [{ key: "x", path: "x" }] } }),
    /references non-existent config key: x/,
  );
});

test("the downward API and projections", async () => {
  const items = [
    { path: "labels", fieldRef: { fieldPath: "metadata.labels" } },
    { path: "cpu", resourceFieldRef: { containerName: "main", resource: "limits.cpu", divisor: "1m" } },
  ];
  const spec = { containers: [testContainer("main", { resources: { limits: { cpu: "250m" } } })] };
  assert.deepEqual(await shown({ downwardAPI: { items } }, spec), ['labels 644 app="web"', "cpu 644 250"]);
  const sources = [
    { serviceAccountToken: { path: "token", expirationSeconds: 3607 } },
    { configMap: { name: "cm", items: [{ key: "a", path: "ca.crt" }] } },
    { downwardAPI: { items: [{ path: "namespace", fieldRef: { fieldPath: "metadata.namespace" } }] } },
  ];
  assert.deepEqual(await shown({ projected: { sources } }), [
    "token 644 token for  3607",
    "ca.crt 644 1",
    "namespace 644 default",
  ]);
  const grouped = await shown({ projected: { sources } }, { securityContext: { fsGroup: 1 } });
  assert.equal(grouped[0], "token 600 token for  3607");
});

test("an atomic write is seen as a whole, and only when something changed", async () => {
  const platform = createVirtualPlatform();
  const { disk } = platform;
  const writer = new AtomicWriter(platform);
  await disk.makeDirectory("/v");
  const files = (entries: Record<string, string>): Payload =>
    new Map(Object.entries(entries).map(([path, text]) => [path, { data: Buffer.from(text), mode: 0o644 }]));
  assert.equal(await writer.write("/v", files({ a: "1", "dir/b": "2" })), true);
  assert.equal(await disk.readText("/v/dir/b"), "2");
  assert.equal(await disk.readLink("/v/a"), "..data/a");
  const first = await disk.readLink("/v/..data");
  assert.equal(await writer.write("/v", files({ a: "1", "dir/b": "2" })), false);
  assert.equal(await disk.readLink("/v/..data"), first);
  assert.equal(await writer.write("/v", files({ a: "3" })), true);
  assert.equal(await disk.readText("/v/a"), "3");
  assert.deepEqual(
    (await disk.list("/v")).filter((name) => !name.startsWith("..")),
    ["a"],
  );
  assert.equal(await disk.status(`/v/${first}`), undefined, "the old content is gone");
  for (const bad of ["/abs", "../up", "a/../../b", "..data"]) {
    await assert.rejects(writer.write("/v", files({ [bad]: "x" })), /invalid path/, bad);
  }
  assert.equal(await disk.readText("/v/a"), "3");
});

test("sub paths never leave the volume", async () => {
  const { disk } = createVirtualPlatform();
  await disk.makeDirectory("/vol/in");
  await disk.write("/outside", "secret");
  await disk.symlink("/outside", "/vol/absolute");
  await disk.symlink("../outside", "/vol/up");
  await disk.symlink("in", "/vol/link");
  await disk.symlink("loop", "/vol/loop");
  assert.equal(await resolveSubPath(disk, "/vol", "link"), "/vol/in");
  assert.equal(await resolveSubPath(disk, "/vol", "new/dir"), "/vol/new/dir");
  assert.equal((await disk.status("/vol/new/dir"))?.kind, "directory");
  for (const bad of ["absolute", "up", "loop", "../outside", "/outside", "in/../../outside"]) {
    await assert.rejects(resolveSubPath(disk, "/vol", bad), /subPath/, bad);
  }
});

test("hostPath types are checked or made", async () => {
  const { disk } = createVirtualPlatform();
  await prepareHostPath(disk, "/made/dir", "DirectoryOrCreate");
  await prepareHostPath(disk, "/made/file", "FileOrCreate");
  assert.equal((await disk.status("/made/file"))?.kind, "file");
  await prepareHostPath(disk, "/made/dir", "Directory");
  await assert.rejects(
    prepareHostPath(disk, "/made/dir", "File"),
    /hostPath type check failed: \/made\/dir is not a file/,
  );
  await assert.rejects(prepareHostPath(disk, "/nope", "Directory"), /\/nope is not a directory/);
  await prepareHostPath(disk, "/nope", "");
});

test("mount points are read with their escapes", () => {
  const text = "36 35 98:0 / /mnt/a\\040b rw,noatime master:1 - tmpfs tmpfs rw\n";
  assert.deepEqual(parseMountInfo(text), [{ path: "/mnt/a b", type: "tmpfs" }]);
});

test("volumes that no container has are not made, and nobody waits for what they need", async () => {
  const { clock, random, disk, processes } = createVirtualPlatform();
  const asked: string[] = [];
  const missing = (_namespace: string, name: string) => {
    asked.push(name);
    return Promise.reject(newNotFound({ group: "", resource: "secrets" }, name));
  };
  const objects = { get: missing } as unknown as VolumeManagerOptions["secrets"];
  const manager = new VolumeManager({
    client: new FakeClient(),
    clock,
    random,
    disk,
    processes,
    log: silentLog,
    paths: new Paths("/kubelet", "/logs"),
    events: { event: () => {} },
    configMaps: objects as unknown as VolumeManagerOptions["configMaps"],
    secrets: objects,
  });
  const volumes = [
    { name: "unused", secret: { secretName: "nope" } },
    { name: "host", hostPath: { path: "/etc" } },
  ];
  const mounting = (name: string) => testContainer("main", { volumeMounts: [{ name, mountPath: "/v" }] });
  const prepare = (name: string) =>
    manager.prepare(testPod({ volumes, containers: [mounting(name)] }), facts, new AbortController().signal);
  assert.deepEqual([...(await prepare("host")).keys()], ["host"]);
  assert.deepEqual(asked, []);
  await assert.rejects(prepare("unused"), /MountVolume.SetUp failed for volume "unused" : .*"nope" not found/);
});
