import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { connect, type ClientHttp2Session } from "node:http2";
import { request } from "node:https";
import { test } from "node:test";
import { connect as connectTls } from "node:tls";
import { gunzipSync } from "node:zlib";
import { type Clock, RealClock, RealRandom, until, VirtualClock } from "../../base/index.ts";
import { CertificateAuthority, createAuthority } from "../../component/index.ts";
import { startControlPlane, type TestControlPlane } from "../../testing/index.ts";
import { openEnvelope } from "../handlers/protobuf-envelope.ts";
import { type HttpServer, listenHttp, type TlsIdentity } from "./server.ts";

function identity(): TlsIdentity {
  const platform = { clock: new RealClock(), random: new RealRandom() };
  const keyed = createAuthority({ commonName: "test" }, 3_600_000, platform);
  const authority = new CertificateAuthority(keyed.certificate, createPrivateKey(keyed.key), platform);
  const names = { ipAddresses: ["127.0.0.1"], dnsNames: ["localhost"] };
  const leaf = authority.issue({
    subject: { commonName: "server" },
    validityMs: 3_600_000,
    usages: ["server auth"],
    names,
  });
  return { key: leaf.key, cert: leaf.certificate, clientCa: keyed.certificate };
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

interface Call {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Told of the answer's head with an empty text, then of each part of its body. */
  readonly onPart?: (text: string) => void;
}

type Send = (call: Call) => Promise<Answer>;

function http1(port: number): Send {
  return ({ method = "GET", path, headers = {}, body, onPart }) =>
    new Promise((resolve, reject) => {
      const outgoing = request(
        { host: "127.0.0.1", port, path, method, headers, rejectUnauthorized: false, agent: false },
        (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
          onPart?.("");
          if (onPart !== undefined) incoming.on("data", (chunk: Buffer) => onPart(chunk.toString()));
          incoming.once("end", () =>
            resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks) }),
          );
        },
      );
      outgoing.once("error", reject);
      outgoing.end(body);
    });
}

function http2(session: ClientHttp2Session): Send {
  return ({ method = "GET", path, headers = {}, body, onPart }) =>
    new Promise((resolve, reject) => {
      const stream = session.request(
        { ":method": method, ":path": path, ...headers },
        { endStream: body === undefined },
      );
      let head: Readonly<Record<string, unknown>> = {};
      const chunks: Buffer[] = [];
      stream.once("response", (received) => {
        head = received;
        onPart?.("");
      });
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      if (onPart !== undefined) stream.on("data", (chunk: Buffer) => onPart(chunk.toString()));
      stream.once("end", () =>
        resolve({ status: Number(head[":status"]), headers: head, body: Buffer.concat(chunks) }),
      );
      stream.once("error", reject);
      if (body !== undefined) stream.end(body);
    });
}

async function withServer(
  work: (send: Send, plane: TestControlPlane, server: HttpServer) => Promise<void>,
  clock: Clock = new RealClock(),
): Promise<void> {
  const plane = await startControlPlane({ clock });
  const server = await listenHttp({ host: "127.0.0.1", port: 0, tls: identity(), handler: plane.server.handler });
  const session = connect(`https://127.0.0.1:${server.port}`, {
    rejectUnauthorized: false,
    maxSendHeaderBlockLength: 1_000_000,
  });
  try {
    await work(http1(server.port), plane, server);
    await work(http2(session), plane, server);
  } finally {
    session.destroy();
    await server.close(0);
    await plane.stop();
  }
}

const maps = "/api/v1/namespaces/default/configmaps";
const json = { "content-type": "application/json" };

function configMap(name: string, data: Record<string, unknown> = {}): string {
  return JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data });
}

function parse(
  answer: Answer,
): Record<string, never> & { readonly message: string; readonly reason: string; readonly code: number } {
  return JSON.parse(answer.body.toString());
}

let names = 0;
const newName = (): string => `m${++names}`;

/** An apply of a new map, of which `lines` are the fifth line and those after it. */
function applied(query: string, lines: string): Call {
  const name = newName();
  const body = `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n${lines}`;
  const path = `${maps}/${name}?fieldManager=m&${query}`;
  return { method: "PATCH", path, headers: { "content-type": "application/apply-patch+yaml" }, body };
}

test("objects are written and read over both versions of HTTP", () =>
  withServer(async (send) => {
    const name = newName();
    const created = await send({ method: "POST", path: maps, headers: json, body: configMap(name, { a: "ü" }) });
    assert.equal(created.status, 201);
    const read = await send({ path: `${maps}/${name}` });
    assert.deepEqual(read.body, created.body);
    assert.match(String(read.headers["audit-id"]), /^[0-9a-f-]{36}$/);
    assert.equal(read.headers["cache-control"], "no-cache, private");
    const yaml = await send({ path: `${maps}/${name}`, headers: { accept: "application/yaml" } });
    assert.match(yaml.body.toString(), /^apiVersion: v1\ndata:\n {2}a: ü\nkind: ConfigMap\n/);
    const removed = await send({ method: "DELETE", path: `${maps}/${name}` });
    assert.equal(parse(removed).status, "Success");
  }));

test("heads may be long", () =>
  withServer(async (send) => {
    // Over HTTP/2 Node.js takes nine frames of a head, and no field of more than 64 KiB.
    const long = "a".repeat(50_000);
    assert.equal((await send({ path: `/healthz?${long}`, headers: { long } })).status, 200);
  }));

test("what does not fit is refused in upstream's words", () =>
  withServer(async (send) => {
    const cases: readonly [Call, number, string | RegExp][] = [
      [{ path: "/api/v1/namespaces/default/foos" }, 404, "the server could not find the requested resource"],
      [{ path: `${maps}/none` }, 404, 'configmaps "none" not found'],
      [
        { method: "POST", path: `${maps}/x`, body: "{}" },
        405,
        "the server does not allow this method on the requested resource",
      ],
      [
        { method: "POST", path: maps, headers: { "content-type": "text/plain" }, body: "{}" },
        415,
        "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf",
      ],
      [
        { path: maps, headers: { accept: "text/html" } },
        406,
        /^406: Not Acceptable\n\nAvailable representations: .*, application\/json;stream=watch, application\/vnd\.kubernetes\.protobuf;stream=watch$/,
      ],
      [
        { method: "POST", path: maps, headers: json, body: Buffer.alloc(3 * 1024 * 1024 + 1, 0x20) },
        413,
        "Request entity too large: limit is 3145728",
      ],
      [
        { method: "POST", path: maps, headers: json, body: "{" },
        400,
        /^the object provided is unrecognized \(must be of type ConfigMap\): couldn't get version\/kind; json parse error: .* \(\{\)$/,
      ],
      [
        {
          method: "POST",
          path: `${maps}?fieldValidation=Strict`,
          headers: json,
          body: configMap("x").replace('"data"', '"dada"'),
        },
        400,
        'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "dada"',
      ],
      [
        {
          method: "POST",
          path: `${maps}?fieldValidation=Strict`,
          headers: { "content-type": "application/yaml" },
          body: `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${newName()}}\ndata:\n  a: one\n  a: two\n`,
        },
        400,
        /: strict decoding error: yaml: unmarshal errors:\n {2}line 6: key "a" already set in map$/,
      ],
      [
        applied("fieldValidation=Strict", "data:\n  a: one\n  a: two\n"),
        400,
        'error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  line 7: key "a" already set in map',
      ],
      [
        applied("fieldValidation=Ignore", "dada: {a: x}\n"),
        500,
        /^failed to create typed patch object \(\/\S+; \/v1, Kind=ConfigMap\): \.dada: field not declared in schema$/,
      ],
      [{ path: `${maps}?labelSelector=a%20b` }, 400, /unable to parse requirement/],
      [
        { path: `${maps}?fieldSelector=spec.x%3Dy` },
        400,
        '"spec.x" is not a known field selector: only "metadata.name", "metadata.namespace"',
      ],
      [{ path: `${maps}?timeoutSeconds=abc` }, 400, 'strconv.ParseInt: parsing "abc": invalid syntax'],
      [
        { path: `${maps}?continue=x` },
        400,
        "invalid continue token: continue key is not valid: illegal base64 data at input byte 0",
      ],
      [{ method: "PATCH", path: `${maps}/none`, headers: json, body: "{}" }, 415, "415: Unsupported Media Type"],
      [{ path: `${maps}?limit=99999999999999999999` }, 400, /^strconv\.ParseInt: parsing "9{20}": value out of range$/],
      [{ path: `${maps}/none?resourceVersion=x` }, 500, /^resourceVersion: Invalid value: "x": strconv\.ParseUint/],
      [{ path: `${maps}?labelSelector=a=b=c` }, 400, "found '=', expected: ',' or 'end of string'"],
      [{ path: "/api/v1/nope" }, 404, "the server could not find the requested resource"],
      [{ path: "/apis/nope/v1/things" }, 404, "404 page not found\n"],
      [{ method: "POST", path: "/version" }, 405, "the server does not allow this method on the requested resource"],
      [
        { method: "POST", path: "/apis/apps/v1" },
        405,
        "the server does not allow this method on the requested resource",
      ],
      [{ path: "/version", headers: { accept: "text/html" } }, 406, /: application\/json$/],
      [{ path: "/openapi/v2", headers: { accept: "text/html" } }, 406, ""],
      [
        { path: "/apis/authentication.k8s.io/v1/tokenreviews/x" },
        404,
        "the server could not find the requested resource",
      ],
      [{ path: `${maps}?watch=1&continue=x` }, 422, /resourceVersionMatch is forbidden when continue is provided$/],
      [{ method: "DELETE", path: `${maps}?labelSelector=!!&propagationPolicy=x` }, 400, /^unable to parse requirement/],
      [
        { path: `${maps}/none`, headers: { accept: "text/html" } },
        406,
        "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf",
      ],
      [
        { path: maps, headers: { accept: "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io" } },
        406,
        "you requested PartialObjectMetadata, but the requested object is a list (*core.ConfigMapList)",
      ],
      [
        { method: "POST", path: maps, headers: json, body: "[]" },
        400,
        /^the object provided is unrecognized \(must be of type ConfigMap\): .* cannot unmarshal array into Go value of type struct \{ APIVersion string .* \(5b5d\)$/,
      ],
      [
        { method: "POST", path: maps, headers: json, body: '{"apiVersion":"v2","kind":"ConfigMap"}' },
        400,
        'ConfigMap in version "v2" cannot be handled as a ConfigMap: no kind "ConfigMap" is registered for version "v2" in scheme "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30"',
      ],
      [
        { method: "POST", path: maps, headers: json, body: '{"apiVersion":"apps/v1","kind":"Deployment"}' },
        400,
        'Deployment in version "v1" cannot be handled as a ConfigMap: converting (v1.Deployment) to (core.ConfigMap): unknown conversion',
      ],
      [
        { method: "POST", path: `${maps}?fieldManager=a%0Ab`, headers: json, body: "{}" },
        422,
        'CreateOptions.meta.k8s.io "" is invalid: fieldManager: Invalid value: "a\\nb": invalid character U+000A (at position 1)',
      ],
      [
        { method: "POST", path: `${maps}?dryRun=All&dryRun=x`, headers: json, body: "{}" },
        422,
        'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["All","x"]: supported values: "All"',
      ],
      [
        {
          method: "DELETE",
          path: `${maps}/none`,
          headers: { ...json, "content-length": "26" },
          body: '{"gracePeriodSeconds":"x"}',
        },
        400,
        "json: cannot unmarshal string into Go struct field DeleteOptions.gracePeriodSeconds of type int64",
      ],
      [
        {
          method: "DELETE",
          path: `${maps}/none`,
          headers: { ...json, "content-length": "32" },
          body: '{"kind":"Pod","apiVersion":"v1"}',
        },
        400,
        /^no kind "Pod" is registered for version "v1" in scheme /,
      ],
    ];
    for (const [call, status, message] of cases) {
      const answer = await send(call);
      const text = answer.body.toString();
      const said = text.startsWith("{") ? parse(answer).message : text;
      assert.equal(answer.status, status, `${call.method ?? "GET"} ${call.path}: ${text}`);
      if (typeof message === "string") assert.equal(said, message);
      else assert.match(said, message);
    }
  }));

test("unknown fields are warned of", () =>
  withServer(async (send) => {
    const body = configMap(newName()).replace('"data"', '"dada"');
    const answer = await send({ method: "POST", path: maps, headers: json, body });
    assert.equal(answer.status, 201);
    assert.equal(answer.headers["warning"], '299 - "unknown field \\"dada\\""');
  }));

test("large lists are compressed for those who take it", () =>
  withServer(async (send) => {
    for (let index = 0; index < 3; index += 1) {
      await send({ method: "POST", path: maps, headers: json, body: configMap(newName(), { a: "x".repeat(100_000) }) });
    }
    const plain = await send({ path: maps });
    const packed = await send({ path: maps, headers: { "accept-encoding": "gzip" } });
    assert.equal(packed.headers["content-encoding"], "gzip");
    assert.deepEqual(gunzipSync(packed.body), plain.body);
  }));

test("a watch streams events and ends when its time is over", () => {
  const clock = new VirtualClock();
  return withServer(async (send) => {
    const name = newName();
    let seen: string | undefined;
    // Events that come soon after others go out together, a little later.
    const shows = (text: string) =>
      until(new RealClock(), `"${text}"`, async () => {
        await clock.advance(1);
        return seen?.includes(text);
      });
    const watching = send({
      path: `${maps}?watch=true&timeoutSeconds=60&fieldSelector=metadata.name%3D${name}`,
      onPart: (text) => (seen = (seen ?? "") + text),
    });
    await shows("");
    await send({ method: "POST", path: maps, headers: json, body: configMap(name) });
    await send({ method: "DELETE", path: `${maps}/${name}` });
    await shows("DELETED");
    await clock.advance(60_000);
    const { body } = await watching;
    const events = body
      .toString()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string; object: { kind: string } });
    assert.deepEqual(
      events.map(({ type }) => type),
      ["ADDED", "DELETED"],
    );
    assert.equal(events[0]?.object.kind, "ConfigMap");
  }, clock);
});

test("tables and partial metadata come in place of objects", () =>
  withServer(async (send) => {
    const name = newName();
    await send({ method: "POST", path: maps, headers: json, body: configMap(name) });
    const table = parse(
      await send({ path: `${maps}/${name}`, headers: { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" } }),
    ) as unknown as {
      kind: string;
      rows: { cells: unknown[]; object: { kind: string } }[];
    };
    assert.equal(table.kind, "Table");
    assert.equal(table.rows[0]?.cells[0], name);
    assert.equal(table.rows[0]?.object.kind, "PartialObjectMetadata");
    const list = parse(
      await send({
        path: maps,
        headers: { accept: "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io" },
      }),
    );
    assert.equal(list.kind, "PartialObjectMetadataList");
  }));

test("options in the body of a deletion are the only ones", () =>
  withServer(async (send) => {
    const name = newName();
    await send({ method: "POST", path: maps, headers: json, body: configMap(name) });
    const path = `${maps}/${name}?dryRun=All&gracePeriodSeconds=x`;
    assert.equal((await send({ method: "DELETE", path, headers: json })).status, 400);
    const headers = { ...json, "content-length": "2" };
    assert.equal((await send({ method: "DELETE", path, headers, body: "{}" })).status, 200);
    assert.equal((await send({ path: `${maps}/${name}` })).status, 404);
  }));

test("discovery comes in every encoding", () =>
  withServer(async (send) => {
    const yaml = await send({ path: "/apis/apps", headers: { accept: "application/yaml" } });
    assert.match(yaml.body.toString(), /^apiVersion: v1\nkind: APIGroup\nname: apps\n/);
    const protobuf = "application/vnd.kubernetes.protobuf";
    for (const [path, accept, kind] of [
      ["/api", protobuf, "APIVersions"],
      ["/apis/apps/v1", protobuf, "APIResourceList"],
      ["/apis", `${protobuf};g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList`, "APIGroupDiscoveryList"],
    ] as const) {
      const answer = await send({ path, headers: { accept } });
      assert.deepEqual([answer.status, answer.headers["content-type"]], [200, accept]);
      assert.equal(openEnvelope(answer.body)?.kind, kind);
    }
  }));

test("what is no HTTP gets an answer", () =>
  withServer(async (_send, _plane, { port }) => {
    const socket = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false });
    socket.end("FOO / HTTP/1.1\r\n\r\n");
    let text = "";
    for await (const chunk of socket) text += String(chunk);
    assert.match(text, /^HTTP\/1\.1 400 Bad Request\r\n/);
  }));

test("discovery says when nothing has changed", () =>
  withServer(async (send) => {
    const accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    const first = await send({ path: "/apis", headers: { accept } });
    assert.equal(first.headers["content-type"], accept);
    const second = await send({ path: "/apis", headers: { accept, "if-none-match": String(first.headers["etag"]) } });
    assert.equal(second.status, 304);
  }));

test("answers in HTTP/1.1 whoever offers another protocol: h2c as if nothing was said, others without an upgrade", async () => {
  const plane = await startControlPlane();
  const server = await listenHttp({ host: "127.0.0.1", port: 0, tls: identity(), handler: plane.server.handler });
  const send = http1(server.port);
  try {
    for (const [upgrade, name] of [
      ["h2c", "offered-h2c"],
      ["other/1", undefined],
    ] as const) {
      const headers = { connection: "Upgrade", upgrade };
      if (name !== undefined) {
        const created = await send({
          method: "POST",
          path: maps,
          headers: { ...json, ...headers },
          body: configMap(name),
        });
        assert.equal(created.status, 201);
      }
      const listed = await send({ path: maps, headers });
      assert.equal(listed.status, 200);
      assert.deepEqual(parse(listed)["kind"], "ConfigMapList");
    }
  } finally {
    await server.close(0);
    await plane.stop();
  }
});
