import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { KubeObject } from "../../apimachinery/index.ts";
import { startStandardControlPlane, type TestControlPlane } from "../../testing/index.ts";
import type { ApiRequest, StreamSink } from "../http/exchange.ts";

let plane: TestControlPlane;
const resource = { group: "", version: "v1", resource: "configmaps" };

before(async () => {
  plane = await startStandardControlPlane();
});

after(() => plane.stop());

async function shown(pattern: RegExp): Promise<readonly string[]> {
  const { body } = await plane.client.raw({ method: "GET", path: "/metrics" });
  return Buffer.from(body)
    .toString()
    .split("\n")
    .filter((line) => pattern.test(line));
}

const valueOf = async (pattern: RegExp): Promise<number> =>
  Number((await shown(pattern)).map((line) => line.split(" ").at(-1)).at(0) ?? 0);

test("calls from within the process count like requests", async () => {
  const maps = plane.client.resource<KubeObject>(resource).namespace("called");
  await plane.client
    .resource({ group: "", version: "v1", resource: "namespaces" })
    .create({ metadata: { name: "called" } });
  await maps.create({ metadata: { name: "a" } });
  await maps.create({ metadata: { name: "b" } }, { dryRun: true });
  for (let times = 0; times < 3; times += 1) await maps.get("a");
  await assert.rejects(maps.get("nope"));
  await maps.list();
  const total = (verb: string, rest: string): RegExp =>
    new RegExp(`^apiserver_request_total\\{verb="${verb}",${rest}\\}`);
  const of = (scope: string, code: number, dryRun = "") =>
    `dry_run="${dryRun}",group="",version="v1",resource="configmaps",subresource="",scope="${scope}",component="apiserver",code="${code}"`;
  assert.equal(await valueOf(total("GET", of("resource", 200))), 3);
  assert.equal(await valueOf(total("GET", of("resource", 404))), 1);
  assert.equal(await valueOf(total("LIST", of("namespace", 200))), 1);
  assert.equal(await valueOf(total("POST", of("resource", 201, "All"))), 1);
  assert.ok((await valueOf(/^apiserver_request_sli_duration_seconds_count\{verb="GET",.*resource="configmaps"/)) >= 4);
  const own = await shown(/^apiserver_selfrequest_total\{verb="POST",.*resource="clusterroles"/);
  assert.equal(own.length, 1, "the server's own requests are told apart");
});

test("a watch within the process is open while it lasts, and counts when it has ended", async () => {
  const open = /^apiserver_longrunning_requests\{verb="WATCH",.*resource="configmaps"/;
  const ended = /^apiserver_request_total\{verb="WATCH",.*resource="configmaps".*code="200"/;
  const before = [await valueOf(open), await valueOf(ended)] as const;
  const watch = plane.client
    .resource<KubeObject>(resource)
    .namespace("default")
    .watch({ sendInitialEvents: true, allowWatchBookmarks: true, resourceVersionMatch: "NotOlderThan" });
  for await (const event of watch) {
    if (event.type !== "BOOKMARK") continue;
    assert.equal(await valueOf(open), before[0] + 1);
    break;
  }
  assert.deepEqual([await valueOf(open), await valueOf(ended)], [before[0], before[1] + 1]);
});

/** A peer that takes everything and counts the events. */
class Peer implements StreamSink {
  readonly #waiting: { readonly events: number; readonly resolve: () => void }[] = [];
  #closed = (): void => {};
  readonly closed = false;
  events = 0;
  bytes = 0;

  write(bytes: Uint8Array): boolean {
    this.bytes += bytes.length;
    this.events += Buffer.from(bytes).toString().split("\n").length - 1;
    for (const { events, resolve } of this.#waiting) if (this.events >= events) resolve();
    return true;
  }

  seen(events: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.events >= events) resolve();
      else this.#waiting.push({ events, resolve });
    });
  }

  end(): void {
    this.#closed();
  }

  destroy(): void {
    this.#closed();
  }

  onDrain(): void {}

  onClose(listener: () => void): void {
    this.#closed = listener;
  }
}

async function watchOver(peer: Peer): Promise<void> {
  const { resourceVersion = "" } = (await plane.client.resource(resource).list()).metadata;
  const request = {
    method: "GET",
    target: `/api/v1/configmaps?watch=1&resourceVersion=${resourceVersion}`,
    headers: {},
    peer: { remoteAddress: "", clientCertificates: [] },
    signal: new AbortController().signal,
    user: { name: "admin", groups: ["system:masters", "system:authenticated"] },
    body: async () => new Uint8Array(),
  } as unknown as ApiRequest;
  const { body } = await plane.server.handler(request);
  assert.equal(body.type, "stream");
  if (body.type === "stream") body.run(peer);
}

test("events that watchers share are counted for each of them", async () => {
  const events = /^apiserver_watch_events_total\{.*resource="configmaps"/;
  const sizes = /^apiserver_watch_events_sizes_(count|sum)\{.*resource="configmaps"/;
  const [first, second] = [new Peer(), new Peer()];
  await watchOver(first);
  await watchOver(second);
  const maps = plane.client.resource<KubeObject>(resource).namespace("default");
  for (const name of ["x", "y", "z"]) await maps.create({ metadata: { name } });
  await Promise.all([first.seen(3), second.seen(3)]);
  assert.equal(await valueOf(events), 6);
  const [sum = 0, count = 0] = (await shown(sizes)).map((line) => Number(line.split(" ").at(-1)));
  assert.equal(count, 6);
  assert.ok(Math.abs(sum - first.bytes - second.bytes) < 1);
  first.end();
  second.end();
});

test("what is given out of the ranges of Services is shown", async () => {
  const services = plane.client.resource<KubeObject & { spec: object }>({ ...resource, resource: "services" });
  const address = /^kube_apiserver_clusterip_allocator_(allocated|available)_ips\{/;
  const port = /^kube_apiserver_nodeport_allocator_(allocated|available)_ports /;
  const values = async (pattern: RegExp) => (await shown(pattern)).map((line) => Number(line.split(" ").at(-1)));
  const [given = 0, left = 0] = await values(address);
  assert.deepEqual(await values(port), [0, 2768]);
  const spec = { type: "NodePort", ports: [{ port: 80 }] };
  await services.namespace("default").create({ metadata: { name: "s" }, spec });
  assert.deepEqual(await values(address), [given + 1, left - 1]);
  assert.deepEqual(await values(port), [1, 2767]);
});
