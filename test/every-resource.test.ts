import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { messageOf } from "../src/base/index.ts";
import { createCertificateRequest, generateKey } from "../src/component/index.ts";
import { customGroup, customObject, type MinimalObject, minimalObjects, namespace } from "./api/minimal-objects.ts";
import { type Answer, ServedApi } from "./api/served.ts";

const api = new ServedApi();
const json = "application/json";
const protobuf = "application/vnd.kubernetes.protobuf";
const labels = "swept=yes";

interface Resource {
  readonly name: string;
  readonly kind: string;
  readonly group: string;
  readonly version: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
}

interface Swept {
  readonly resource: Resource;
  readonly object: MinimalObject;
  /** Of its collection. */
  readonly path: string;
  readonly url: string;
}

type Fields = { metadata: Record<string, unknown> } & Record<string, unknown>;

let objects: readonly MinimalObject[] = [];
let swept: readonly Swept[] = [];

const file = (list: readonly object[]): string => list.map((object) => JSON.stringify(object)).join("\n");

/** Everything that is served and stored, by what discovery says. */
async function stored(): Promise<Resource[]> {
  const discovered = async (path: string): Promise<Discovered["items"]> => {
    const answer: unknown = (await read(path, aggregated)).json();
    return (answer as Discovered).items;
  };
  const [core, groups] = await Promise.all([discovered("/api"), discovered("/apis")]);
  return [...core, ...groups].flatMap(({ metadata, versions }) =>
    versions.flatMap(({ version, resources }) =>
      resources
        .filter(({ verbs }) => verbs.includes("create") && verbs.includes("watch"))
        .map(({ resource, responseKind: { kind }, scope, verbs }) => {
          const group = metadata.name ?? "";
          return { name: resource, kind, group, version, namespaced: scope === "Namespaced", verbs };
        }),
    ),
  );
}

const aggregated = `${json};v=v2;g=apidiscovery.k8s.io;as=APIGroupDiscoveryList`;

interface Discovered {
  readonly items: readonly {
    readonly metadata: { readonly name?: string };
    readonly versions: readonly {
      readonly version: string;
      readonly resources: readonly {
        readonly resource: string;
        readonly responseKind: { readonly kind: string };
        readonly scope: string;
        readonly verbs: readonly string[];
      }[];
    }[];
  }[];
}

function place(resource: Resource, object: MinimalObject): Swept {
  const { group, version, namespaced, name } = resource;
  const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  const path = `${root}${namespaced ? `/namespaces/${object.metadata.namespace}` : ""}/${name}`;
  return { resource, object, path, url: `${path}/${encodeURIComponent(object.metadata.name)}` };
}

const nameOf = ({ resource: { name, group, version } }: Swept): string => `${name}.${version}.${group}`;

/** One check of every resource; what fails is told by resource. */
async function each(of: readonly Swept[], check: (one: Swept) => Promise<void>): Promise<void> {
  const failures: string[] = [];
  const left = [...of];
  const worker = async (): Promise<void> => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) {
      try {
        await check(one);
      } catch (error) {
        failures.push(`${nameOf(one)}: ${messageOf(error)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: 20 }, worker));
  assert.deepEqual(failures, []);
}

async function read(url: string, accept = json): Promise<Answer> {
  const answer = await api.send({ path: url, headers: { accept } });
  assert.equal(answer.status, 200, answer.body.toString());
  return answer;
}

/** What a write without a change may still change. */
function withoutVersion(answer: Answer): Fields {
  const { metadata, ...rest } = answer.json() as Fields;
  const { resourceVersion: _, managedFields: __, ...kept } = metadata;
  return { ...rest, metadata: kept };
}

describe("every resource, by independent clients", { concurrency: false }, () => {
  before(async () => {
    await api.start();
    const request = createCertificateRequest(generateKey(), { commonName: "x" });
    objects = minimalObjects(Buffer.from(request).toString("base64"));
    await api.kubectl(`create namespace ${namespace}`);
  });
  after(() => api.stop());

  it("is created", async () => {
    await api.kubectl("create -f -", file(objects));
    await api.kubectl(`wait --for=condition=Established crd/widgets.${customGroup} --timeout=120s`);
    await api.kubectl("create -f -", JSON.stringify(customObject));
    const made = new Map([...objects, customObject].map((object) => [object.kind, object]));
    const resources = await stored();
    const missing = resources.filter(({ kind }) => !made.has(kind)).map(({ name, group }) => `${name}.${group}`);
    assert.deepEqual(missing, [], "a served resource is not swept; add its minimal object");
    swept = resources.map((resource) => {
      const ownGroup = (object: MinimalObject): boolean =>
        object.kind === resource.kind && object.apiVersion.replace(/\/?v\w+$/, "") === resource.group;
      return place(
        resource,
        [...objects, customObject].findLast(ownGroup) ?? (made.get(resource.kind) as MinimalObject),
      );
    });
    assert.ok(swept.length > 55, `${swept.length} resources`);
  });

  it("is read in every form that kubectl prints", async () => {
    const everything = [...objects, customObject];
    for (const form of ["name", "json", "yaml", "wide"]) {
      const { code, stdout, stderr } = await api.run(["get", "-f", "-", "-o", form], file(everything));
      assert.equal(code, 0, `${form}: ${stderr}`);
      for (const { metadata } of everything) assert.ok(stdout.includes(metadata.name), `${form}: ${metadata.name}`);
      if (form === "name") assert.equal(stdout.trimEnd().split("\n").length, everything.length);
    }
  });

  it("is described", async () => {
    // kubectl before v1.34 asks for the beta versions of these.
    const recent = new Set(["ServiceCIDR", "IPAddress", "VolumeAttributesClass"]);
    const described = [...objects, customObject].filter(({ kind }) => !recent.has(kind));
    const stdout = await api.kubectl("describe -f -", file(described));
    assert.equal(stdout.match(/^Name: /gm)?.length, described.length);
  });

  it("is applied on the server by a second manager", async () => {
    const labelled = [...objects, customObject].map(({ apiVersion, kind, metadata: { labels: _, ...metadata } }) => ({
      apiVersion,
      kind,
      metadata: { ...metadata, labels: { applied: "yes" } },
    }));
    // Nothing but a label is applied: what kinds require is there already.
    const stdout = await api.kubectl("apply --server-side --field-manager=second -f -", file(labelled));
    assert.equal(stdout.match(/serverside-applied$/gm)?.length, labelled.length);
    await each(swept, async ({ url }) => {
      const { metadata } = (await read(url)).json() as Fields;
      const managers = metadata["managedFields"] as { manager: string; operation: string; fieldsV1: object }[];
      const second = managers.find(({ manager }) => manager === "second");
      assert.equal(second?.operation, "Apply");
      assert.deepEqual(second.fieldsV1, { "f:metadata": { "f:labels": { "f:applied": {} } } });
    });
  });

  it("is labelled by a patch", async () => {
    await api.kubectl(`label ${labels} -f -`, file([...objects, customObject]));
    await each(swept, async ({ url }) => {
      const { metadata } = (await read(url)).json() as Fields;
      assert.deepEqual(metadata["labels"], { ...(metadata["labels"] as object), applied: "yes", swept: "yes" });
    });
  });

  it("is watched, as it is and as a table", async () => {
    await each(swept, async ({ path, object, resource: { kind } }) => {
      const query = `watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3D${object.metadata.name}`;
      const [plain, table] = await Promise.all([
        read(`${path}?${query}`),
        read(`${path}?${query}`, `${json};as=Table;g=meta.k8s.io;v=v1`),
      ]);
      const [first] = plain.body.toString().split("\n", 1);
      const added = JSON.parse(first ?? "") as { type: string; object: Fields };
      assert.deepEqual([added.type, added.object["kind"]], ["ADDED", kind]);
      const shown = JSON.parse(table.body.toString().split("\n", 1)[0] ?? "") as { object: Fields };
      const { columnDefinitions, rows } = shown.object as unknown as {
        columnDefinitions: { name: string }[];
        rows: { cells: unknown[] }[];
      };
      assert.equal(rows[0]?.cells.length, columnDefinitions.length);
      const named = columnDefinitions.findIndex(({ name }) => name === "Name");
      assert.equal(rows[0]?.cells[named], object.metadata.name);
    });
  });

  it("goes to protobuf and back unchanged", async () => {
    const [custom, builtIn] = [true, false].map((is) =>
      swept.filter(({ resource }) => (resource.group === customGroup) === is),
    ) as [Swept[], Swept[]];
    await each(builtIn, async ({ url }) => {
      const before = await read(url);
      const encoded = await read(url, protobuf);
      assert.equal(encoded.headers["content-type"], protobuf);
      assert.equal(encoded.body.subarray(0, 4).toString(), "k8s\0");
      const headers = { "content-type": protobuf, accept: json };
      const written = await api.send({ method: "PUT", path: url, headers, body: encoded.body });
      assert.equal(written.status, 200, written.body.toString());
      assert.deepEqual(withoutVersion(written), withoutVersion(before));
    });
    const scale = await read(`/apis/apps/v1/namespaces/${namespace}/deployments/x/scale`, protobuf);
    assert.deepEqual([scale.headers["content-type"], scale.body.subarray(0, 4).toString()], [protobuf, "k8s\0"]);
    const headers = { "content-type": protobuf };
    const path = `/apis/apps/v1/namespaces/${namespace}/deployments/x/scale`;
    const scaled = (await api.send({ method: "PUT", path, headers, body: scale.body })).json();
    assert.deepEqual(scaled["spec"], { replicas: 1 });
    await each(custom, async ({ url }) => {
      assert.equal((await api.send({ path: url, headers: { accept: protobuf } })).status, 406);
      const headers = { "content-type": protobuf };
      assert.equal((await api.send({ method: "PUT", path: url, headers, body: "k8s\0" })).status, 415);
    });
  });

  it("is deleted", async () => {
    const everything = [customObject, ...objects.toReversed()];
    await api.kubectl("delete --wait=false -f -", file(everything));
    // Nobody runs who would do what finalizers wait for.
    await each(swept, async ({ url, resource: { group } }) => {
      if ((await api.send({ path: url })).status === 404 || group === customGroup) return;
      const headers = { "content-type": "application/merge-patch+json" };
      const body = '{"metadata":{"finalizers":null}}';
      const { status } = await api.send({ method: "PATCH", path: url, headers, body });
      assert.ok(status === 200 || status === 404, String(status));
    });
    const finalized = {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "sweep-other" },
      spec: { finalizers: [] },
    };
    await api.kubectl("replace --raw /api/v1/namespaces/sweep-other/finalize -f -", JSON.stringify(finalized));
    await each(swept, async ({ url }) => {
      const { status } = await api.send({ path: url });
      assert.equal(status, 404);
    });
  });
});
