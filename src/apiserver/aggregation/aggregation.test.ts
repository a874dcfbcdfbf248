import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { duplexPair } from "node:stream";
import { test } from "node:test";
import type { APIService } from "../../api/index.ts";
import type { KubeObject } from "../../apimachinery/index.ts";
import { RealClock, RealRandom } from "../../base/index.ts";
import { CertificateAuthority, createAuthority } from "../../component/index.ts";
import { startStandardControlPlane, type TestControlPlane } from "../../testing/index.ts";
import { apiServicesResource, availability } from "./api-services.ts";

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
