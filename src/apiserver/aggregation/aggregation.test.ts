import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { duplexPair } from "node:stream";
import { test } from "node:test";
import type { APIService, Service } from "../../api/index.ts";
import type { KubeObject } from "../../apimachinery/index.ts";
import { RealClock, RealRandom } from "../../base/index.ts";
import { CertificateAuthority, createAuthority } from "../../component/index.ts";
import { startStandardControlPlane, type TestControlPlane } from "../../testing/index.ts";
import type { ClusterObjects } from "../admission/objects.ts";
import { definition, definitionsResource } from "../customresources/testing/definitions.ts";
import { apiServicesResource, availability } from "./api-services.ts";
import { serviceResolver } from "./service-resolver.ts";

/** A server of our own that serves one resource, `flavours`, with its discovery and OpenAPI. */
interface Extension {
  readonly port: number;
  readonly caBundle: string;
  readonly seen: {
    readonly url: string;
    readonly method: string;
    readonly headers: IncomingHttpHeaders;
    readonly body: string;
  }[];
  close(): void;
}

const resources = {
  kind: "APIResourceList",
  apiVersion: "v1",
  groupVersion: "taste.example.com/v1",
  resources: [
    {
      name: "flavours",
      singularName: "flavour",
      namespaced: true,
      kind: "Flavour",
      verbs: ["get", "list", "create"],
      shortNames: ["fl"],
    },
    { name: "flavours/status", singularName: "", namespaced: true, kind: "Flavour", verbs: ["get"] },
  ],
};
const openApi = { openapi: "3.0.0", info: { title: "taste", version: "1" }, paths: {}, components: { schemas: {} } };

async function startExtension(): Promise<Extension> {
  const platform = { clock: new RealClock(), random: new RealRandom() };
  const keyed = createAuthority({ commonName: "extension" }, 3_600_000, platform);
  const authority = new CertificateAuthority(keyed.certificate, createPrivateKey(keyed.key), platform);
  const names = { dnsNames: ["taste.default.svc"], ipAddresses: [] };
  const subject = { commonName: "taste" };
  const leaf = authority.issue({ subject, validityMs: 3_600_000, usages: ["server auth"], names });
  const seen: Extension["seen"] = [];
  const server = createServer({ key: leaf.key, cert: leaf.certificate }, (request, response) => {
    answer(request, response, (body) => {
      seen.push({ url: request.url ?? "", method: request.method ?? "", headers: request.headers, body });
    });
  });
  server.on("upgrade", (request, socket) => {
    seen.push({ url: request.url ?? "", method: "UPGRADE", headers: request.headers, body: "" });
    socket.end("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello");
  });
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    caBundle: Buffer.from(keyed.certificate).toString("base64"),
    seen,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function answer(request: IncomingMessage, response: ServerResponse, note: (body: string) => void): void {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    note(Buffer.concat(chunks).toString());
    const { url = "" } = request;
    if (url.endsWith("/moved")) return void response.writeHead(302, { location: "/elsewhere" }).end();
    const found = url.startsWith("/openapi/v3/")
      ? openApi
      : url === "/apis/taste.example.com/v1"
        ? resources
        : url.includes("/flavours")
          ? {
              kind: "FlavourList",
              apiVersion: "taste.example.com/v1",
              metadata: {},
              items: [{ metadata: { name: "sweet" } }],
            }
          : undefined;
    response.writeHead(found === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(found ?? {}));
  });
}

async function withExtension(work: (plane: TestControlPlane, extension: Extension) => Promise<void>): Promise<void> {
  const [plane, extension] = await Promise.all([startStandardControlPlane(), startExtension()]);
  try {
    await work(plane, extension);
  } finally {
    extension.close();
    await plane.stop();
  }
}

const registration = ({ port, caBundle }: Extension, more: object = {}): APIService =>
  ({
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    metadata: { name: "v1.taste.example.com" },
    spec: {
      group: "taste.example.com",
      version: "v1",
      groupPriorityMinimum: 1000,
      versionPriority: 15,
      caBundle,
      service: { namespace: "default", name: "taste", port },
      ...more,
    },
  }) as APIService;

const service = (spec: object): KubeObject =>
  ({ apiVersion: "v1", kind: "Service", metadata: { name: "taste" }, spec }) as KubeObject;

/** Resolves with the condition once its reason is this one. */
async function reason({ client }: TestControlPlane, wanted: string): Promise<string> {
  const watch = client
    .resource<APIService>(apiServicesResource)
    .watch({ fieldSelector: "metadata.name=v1.taste.example.com" });
  for await (const event of watch) {
    if (event.type === "ERROR" || event.type === "BOOKMARK") continue;
    const found = availability(event.object);
    if (found?.reason === wanted) return `${found.status}: ${found.message}`;
  }
  throw new Error(`never ${wanted}`);
}

async function get(plane: TestControlPlane, path: string, headers: Record<string, string> = {}) {
  const { status, body } = await plane.client.raw({ method: "GET", path, headers });
  const text = Buffer.from(body).toString();
  return { status, text, json: () => JSON.parse(text) as Record<string, never> };
}

test("what this server serves is registered, with upstream's priorities", async () => {
  const plane = await startStandardControlPlane();
  try {
    const services = plane.client.resource<APIService>(apiServicesResource);
    const core = await services.get("v1.");
    assert.deepEqual([core.spec.groupPriorityMinimum, core.spec.versionPriority], [18_000, 1]);
    assert.equal(availability(core)?.message, "Local APIServices are always available");
    const apps = await services.get("v1.apps");
    assert.deepEqual([apps.spec.groupPriorityMinimum, apps.spec.versionPriority], [17_800, 15]);
  } finally {
    await plane.stop();
  }
});

test("a registration tells what is missing, until its server answers", () =>
  withExtension(async (plane, extension) => {
    const services = plane.client
      .resource<KubeObject>({ group: "", version: "v1", resource: "services" })
      .namespace("default");
    await plane.client.resource<APIService>(apiServicesResource).create(registration(extension));
    assert.equal(await reason(plane, "ServiceNotFound"), 'False: service/taste in "default" is not present');
    const path = "/apis/taste.example.com/v1/namespaces/default/flavours";
    assert.deepEqual(await get(plane, path).then(({ status, text }) => [status, text]), [503, "service unavailable\n"]);
    await services.create(service({ ports: [{ port: 1 }] }));
    assert.match(await reason(plane, "ServicePortError"), /is not listening on port \d+$/);
    await services.delete("taste");
    await services.create(service({ ports: [{ port: extension.port }] }));
    assert.equal(
      await reason(plane, "EndpointsNotFound"),
      'False: cannot find endpointslices for service/taste in "default"',
    );
    await services.delete("taste");
    await services.create(service({ type: "ExternalName", externalName: "localhost" }));
    assert.equal(await reason(plane, "Passed"), "True: all checks passed");
    assert.equal((await get(plane, path)).status, 200);
    extension.close();
  }));

test("requests go on with the identity of who asks, and nobody can claim another", () =>
  withExtension(async (plane, extension) => {
    const services = plane.client
      .resource<KubeObject>({ group: "", version: "v1", resource: "services" })
      .namespace("default");
    await services.create(service({ type: "ExternalName", externalName: "localhost" }));
    await plane.client.resource<APIService>(apiServicesResource).create(registration(extension));
    await reason(plane, "Passed");
    extension.seen.length = 0;
    const user = { name: "jane", uid: "7", groups: ["system:masters", "b"], extra: { "example.com/Team": ["x", "y"] } };
    const answered = await plane.clientFor(user).raw({
      method: "POST",
      path: "/apis/taste.example.com/v1/namespaces/default/flavours?dryRun=All",
      headers: {
        "content-type": "application/json",
        "x-remote-user": "root",
        "x-remote-extra-scopes": "all",
        authorization: "Bearer x",
        traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      },
      body: Buffer.from('{"a":1}'),
    });
    assert.equal(answered.status, 200);
    const [one] = extension.seen;
    assert.deepEqual(
      [one?.method, one?.url, one?.body],
      ["POST", "/apis/taste.example.com/v1/namespaces/default/flavours?dryRun=All", '{"a":1}'],
    );
    const { headers = {} } = one ?? {};
    assert.deepEqual(
      [
        headers["x-remote-user"],
        headers["x-remote-uid"],
        headers["x-remote-group"],
        headers["x-remote-extra-example.com%2fteam"],
      ],
      ["jane", "7", "system:masters, b", "x, y"],
    );
    assert.deepEqual([headers["x-remote-extra-scopes"], headers.authorization], [undefined, undefined]);
    assert.equal(headers["traceparent"], "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    assert.match(String(headers["audit-id"]), /^[0-9a-f-]{36}$/);
    assert.deepEqual(
      [headers["x-forwarded-host"], headers["x-forwarded-proto"], headers["x-forwarded-uri"]],
      [`localhost:${extension.port}`, "https", "/apis/taste.example.com/v1/namespaces/default/flavours"],
    );
    const path = "/apis/taste.example.com/v1/namespaces/default/flavours/moved";
    const moved = await plane.clientFor(user).raw({ method: "GET", path });
    const why = "the backend attempted to redirect this request, which is not permitted";
    assert.deepEqual([moved.status, Buffer.from(moved.body).toString()], [502, why]);
  }));

test("an authority that did not sign the server's certificate keeps it out", () =>
  withExtension(async (plane, extension) => {
    const services = plane.client
      .resource<KubeObject>({ group: "", version: "v1", resource: "services" })
      .namespace("default");
    await services.create(service({ type: "ExternalName", externalName: "localhost" }));
    const other = createAuthority({ commonName: "other" }, 3_600_000, {
      clock: new RealClock(),
      random: new RealRandom(),
    });
    const caBundle = Buffer.from(other.certificate).toString("base64");
    await plane.client.resource<APIService>(apiServicesResource).create(registration(extension, { caBundle }));
    await reason(plane, "Passed");
    const { status, text } = await get(plane, "/apis/taste.example.com/v1/flavours");
    assert.equal(status, 503);
    assert.match(text, /certificate|verify/);
  }));

test("discovery and OpenAPI are merged, and go again with the registration", () =>
  withExtension(async (plane, extension) => {
    const services = plane.client
      .resource<KubeObject>({ group: "", version: "v1", resource: "services" })
      .namespace("default");
    await services.create(service({ type: "ExternalName", externalName: "localhost" }));
    const registrations = plane.client.resource<APIService>(apiServicesResource);
    await registrations.create(registration(extension));
    await reason(plane, "Passed");
    const groups = async (): Promise<readonly string[]> =>
      ((await get(plane, "/apis")).json() as unknown as { groups: { name: string }[] }).groups.map(({ name }) => name);
    assert.ok((await groups()).includes("taste.example.com"));
    const accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    const { items } = (await get(plane, "/apis", { accept })).json() as unknown as {
      items: {
        metadata: { name: string };
        versions: { resources: { resource: string; shortNames: string[]; subresources: unknown[] }[] }[];
      }[];
    };
    const [flavours] =
      items.find(({ metadata }) => metadata.name === "taste.example.com")?.versions[0]?.resources ?? [];
    assert.deepEqual(
      [flavours?.resource, flavours?.shortNames, flavours?.subresources.length],
      ["flavours", ["fl"], 1],
    );
    const { paths } = (await get(plane, "/openapi/v3")).json() as unknown as {
      paths: Record<string, { serverRelativeURL: string }>;
    };
    const url = paths["apis/taste.example.com/v1"]?.serverRelativeURL ?? "";
    assert.deepEqual((await get(plane, url)).json(), openApi);
    await registrations.delete("v1.taste.example.com");
    while ((await groups()).includes("taste.example.com")) await new RealClock().sleep(5);
  }));

test("an upgrade goes through, with who asks said by this server alone", () =>
  withExtension(async (plane, extension) => {
    const services = plane.client
      .resource<KubeObject>({ group: "", version: "v1", resource: "services" })
      .namespace("default");
    await services.create(service({ type: "ExternalName", externalName: "localhost" }));
    await plane.client.resource<APIService>(apiServicesResource).create(registration(extension));
    await reason(plane, "Passed");
    extension.seen.length = 0;
    const [socket, peer] = duplexPair();
    const response = await plane.server.handler({
      method: "GET",
      target: "/apis/taste.example.com/v1/namespaces/default/flavours/sweet/exec?stdin=true",
      headers: { connection: "Upgrade", upgrade: "echo", "x-remote-user": "root", "x-remote-group": "system:masters" },
      peer: { remoteAddress: "127.0.0.1", clientCertificates: [] },
      signal: new AbortController().signal,
      user: { name: "jane", groups: ["system:masters"] },
      body: () => Promise.resolve(new Uint8Array()),
      takeOver: () => ({ socket, head: new Uint8Array() }),
    });
    assert.equal(response.body.type, "taken");
    const chunks: Buffer[] = [];
    for await (const chunk of peer as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      if (chunk.toString().endsWith("hello")) break;
    }
    assert.match(Buffer.concat(chunks).toString(), /^HTTP\/1\.1 101 .*hello$/s);
    const [one] = extension.seen;
    assert.deepEqual([one?.method, one?.headers["x-remote-user"], one?.headers.upgrade], ["UPGRADE", "jane", "echo"]);
  }));

const listed = async (plane: TestControlPlane) =>
  (
    (await get(plane, "/apis")).json() as unknown as {
      groups: { name: string; preferredVersion: { version: string }; versions: { version: string }[] }[];
    }
  ).groups;

test("groups stand in the order of their priorities, ours and theirs, versions too; what does not answer is stale", () =>
  withExtension(async (plane, extension) => {
    const registrations = plane.client.resource<APIService>(apiServicesResource);
    const more = (version: string, versionPriority: number) => ({
      ...registration(extension, { version, versionPriority, groupPriorityMinimum: 17_650 }),
      metadata: { name: `${version}.taste.example.com` },
    });
    for (const [version, priority] of [
      ["v1", 5],
      ["v2", 5],
      ["v1beta1", 9],
    ] as const)
      await registrations.create(more(version, priority) as APIService);
    while (!(await listed(plane)).some(({ versions }) => versions.length === 3)) await new RealClock().sleep(5);
    const groups = await listed(plane);
    const names = groups.map(({ name }) => name);
    const at = names.indexOf("taste.example.com");
    assert.deepEqual(
      [names[0], names[1], names[at - 1], names[at + 1]],
      ["apiregistration.k8s.io", "apps", "authentication.k8s.io", "authorization.k8s.io"],
    );
    const { versions = [], preferredVersion } = groups[at] ?? {};
    assert.deepEqual(
      [preferredVersion?.version, ...versions.map(({ version }) => version)],
      ["v1beta1", "v1beta1", "v2", "v1"],
    );
    const accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    const { items } = (await get(plane, "/apis", { accept })).json() as unknown as {
      items: { metadata: { name: string }; versions: { freshness: string; resources: unknown[] }[] }[];
    };
    const known = (group: string) => items.find(({ metadata }) => metadata.name === group)?.versions[0];
    assert.deepEqual(known("taste.example.com"), { version: "v1beta1", resources: [], freshness: "Stale" });
    assert.equal(known("apps")?.freshness, "Current");
  }));

/** Resolves once a registration is as wanted. */
async function becomes(plane: TestControlPlane, name: string, holds: (service: APIService) => boolean) {
  const services = plane.client.resource<APIService>(apiServicesResource);
  for await (const event of services.watch({ fieldSelector: `metadata.name=${name}` }))
    if (event.type !== "ERROR" && event.type !== "BOOKMARK" && event.type !== "DELETED" && holds(event.object)) return;
}

test("another server can take over what this one serves, and give it back", () =>
  withExtension(async (plane, extension) => {
    const services = plane.client
      .resource<KubeObject>({ group: "", version: "v1", resource: "services" })
      .namespace("default");
    await services.create(service({ type: "ExternalName", externalName: "localhost" }));
    const registrations = plane.client.resource<APIService>(apiServicesResource);
    const local = await registrations.get("v1.events.k8s.io");
    const { caBundle, service: reference } = registration(extension).spec;
    const taken = { ...local.spec, ...(caBundle && { caBundle }), ...(reference && { service: reference }) };
    await registrations.update({ ...local, spec: taken });
    await becomes(plane, "v1.events.k8s.io", (one) => availability(one)?.reason === "FailedDiscoveryCheck");
    assert.equal((await get(plane, "/apis/events.k8s.io/v1/events")).status, 503);
    const given = await registrations.get("v1.events.k8s.io");
    await registrations.update({ ...given, spec: local.spec });
    await becomes(plane, "v1.events.k8s.io", (one) => availability(one)?.reason === "Local");
    assert.equal((await get(plane, "/apis/events.k8s.io/v1/events")).status, 200);
  }));

const plain = { type: "object" };

test("the registration of a custom resource is put right and made anew, unless its label is taken off", () =>
  withExtension(async (plane, extension) => {
    const definitions = plane.client.resource<KubeObject>(definitionsResource);
    await definitions.create(definition("flavours", "taste.example.com", { kind: "Flavour", schema: plain }));
    const registrations = plane.client.resource<APIService>(apiServicesResource);
    const name = "v1.taste.example.com";
    const isOurs = ({ spec }: APIService) => spec.service === undefined && spec.groupPriorityMinimum === 1000;
    await becomes(plane, name, isOurs);
    const first = await registrations.get(name);
    assert.deepEqual(first.metadata.labels, { "kube-aggregator.kubernetes.io/automanaged": "true" });
    const theirs = registration(extension, { groupPriorityMinimum: 7 }).spec;
    await registrations.update({ ...first, spec: theirs });
    await becomes(plane, name, isOurs);
    await registrations.delete(name);
    await becomes(
      plane,
      name,
      ({ metadata, spec }) => metadata.uid !== first.metadata.uid && isOurs({ spec } as APIService),
    );
    const again = await registrations.get(name);
    await registrations.update({ ...again, metadata: { ...again.metadata, labels: {} }, spec: theirs });
    await becomes(plane, name, (one) => availability(one)?.reason === "ServiceNotFound");
    assert.equal((await get(plane, "/apis/taste.example.com/v1/flavours")).status, 503);
    await definitions.delete("flavours.taste.example.com");
    await new RealClock().sleep(150);
    assert.equal((await registrations.get(name)).spec.groupPriorityMinimum, 7);
  }));

test("Services lead to their own address, to a name elsewhere, or to one of their endpoints", () => {
  const made = (spec: object) =>
    ({ metadata: { name: "s", namespace: "n" }, spec: { ports: [{ port: 443, name: "https" }], ...spec } }) as Service;
  const slice = (addressType: string, endpoints: object[], port = 8443) => ({
    metadata: { labels: { "kubernetes.io/service-name": "s" } },
    addressType,
    endpoints,
    ports: [{ name: "https", port }],
  });
  const resolve = (one: Service | undefined, slices: object[], byEndpoints: boolean, port = 443) => {
    const objects = { get: () => one, list: () => slices } as unknown as ClusterObjects;
    const random = { next: () => 0 } as unknown as RealRandom;
    try {
      const { host, port: target } = serviceResolver(objects, random, byEndpoints).resolve("n", "s", port);
      return `${host} ${target}`;
    } catch (error) {
      return (error as Error).message;
    }
  };
  const ready = [
    { addresses: ["10.0.0.1"], conditions: { ready: false } },
    { addresses: ["10.0.0.2"], conditions: {} },
  ];
  const clusterIp = made({ type: "ClusterIP", clusterIP: "10.96.0.1", ipFamilies: ["IPv6", "IPv4"] });
  const headless = made({ type: "ClusterIP", clusterIP: "None" });
  const external = made({ type: "ExternalName", externalName: "a.example.com", ports: [] });
  const dual = [slice("IPv4", ready), slice("IPv6", [{ addresses: ["fd00::2"] }], 9443)];
  assert.deepEqual(
    [
      resolve(undefined, [], false),
      resolve(clusterIp, [], false),
      resolve(clusterIp, [], false, 80),
      resolve(headless, dual, false),
      resolve(external, [], false, 8080),
      resolve(clusterIp, dual, true),
      resolve(headless, [slice("IPv4", ready)], true),
      resolve(headless, [slice("IPv4", ready.slice(0, 1))], true),
      resolve(external, [], true),
      resolve(headless, dual, true, 80),
    ],
    [
      'service "s" not found',
      "10.96.0.1 443",
      'no service port 80 found for service "s"',
      'cannot route to service with ClusterIP "None"',
      "a.example.com 8080",
      "fd00::2 9443",
      "10.0.0.2 8443",
      'no endpoints available for service "s"',
      'unsupported service type "ExternalName"',
      'no service port 80 found for service "s"',
    ],
  );
});
