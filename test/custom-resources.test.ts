import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ServedApi } from "./api/served.ts";

const api = new ServedApi();
const text = { type: "string" };
const object = (properties: object, more: object = {}) => ({ type: "object", properties, ...more });

const spec = object(
  {
    size: { type: "integer", description: "Its size.", default: 3 },
    replicas: { type: "integer" },
    ratio: { type: "number" },
    enabled: { type: "boolean" },
    since: { ...text, format: "date-time" },
    color: { ...text, enum: ["red", "blue"], description: "Its color." },
    tags: { type: "array", "x-kubernetes-list-type": "set", items: text },
    ports: {
      type: "array",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["port"],
      items: object({ port: { type: "integer" }, name: text }, { required: ["port"] }),
    },
    port: { "x-kubernetes-int-or-string": true },
    template: {
      type: "object",
      "x-kubernetes-embedded-resource": true,
      "x-kubernetes-preserve-unknown-fields": true,
    },
  },
  {
    description: "What is wanted.",
    required: ["color"],
    "x-kubernetes-validations": [
      {
        rule: "!has(self.size) || self.size < 10",
        messageExpression: "'%d is too big'.format([self.size])",
        fieldPath: ".size",
        reason: "FieldValueForbidden",
      },
      { rule: "self.color == oldSelf.color || self.size == 6", message: "only a six may change its color" },
    ],
  },
);
const condition = object({ type: text, status: text });
const status = object({
  replicas: { type: "integer" },
  selector: text,
  conditions: { type: "array", items: condition },
});
const column = (name: string, type: string, jsonPath: string, more: object = {}) => ({ name, type, jsonPath, ...more });

const gadgets = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "gadgets.example.com" },
  spec: {
    group: "example.com",
    scope: "Namespaced",
    names: { plural: "gadgets", singular: "gadget", kind: "Gadget", shortNames: ["gd"], categories: ["all", "toys"] },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        subresources: {
          status: {},
          scale: {
            specReplicasPath: ".spec.replicas",
            statusReplicasPath: ".status.replicas",
            labelSelectorPath: ".status.selector",
          },
        },
        selectableFields: [{ jsonPath: ".spec.color" }, { jsonPath: ".spec.size" }],
        additionalPrinterColumns: [
          column("Size", "integer", ".spec.size"),
          column("Ratio", "number", ".spec.ratio"),
          column("On", "boolean", ".spec.enabled"),
          column("Since", "date", ".spec.since"),
          column("Color", "string", ".spec.color", { priority: 1 }),
          column("Tag", "string", ".spec.tags[-1]"),
          column("Ready", "string", '.status.conditions[?(@.type=="Ready")].status'),
        ],
        schema: { openAPIV3Schema: object({ spec, status }, { description: "A thing that is fun." }) },
      },
      {
        name: "v1alpha1",
        served: true,
        storage: false,
        deprecated: true,
        schema: { openAPIV3Schema: object({ spec }) },
      },
    ],
  },
};

const since = new Date(Date.now() - 3 * 86_400_000).toISOString();
const gadget = (name: string, more: object = {}): string =>
  JSON.stringify({
    apiVersion: "example.com/v1",
    kind: "Gadget",
    metadata: { name },
    spec: {
      color: "red",
      ratio: 0.5,
      enabled: true,
      since,
      tags: ["x", "z"],
      ports: [{ port: 80, name: "http" }],
      port: 8080,
      ...more,
    },
  });

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const rows = (table: string): string[][] =>
  table
    .trimEnd()
    .split("\n")
    .map((line) => line.split(/\s{2,}/));

describe("custom resources by kubectl", { concurrency: false }, () => {
  before(async () => {
    await api.start();
    await api.kubectl("create -f -", JSON.stringify(gadgets));
    await api.kubectl("wait --for=condition=Established crd/gadgets.example.com --timeout=120s");
  });
  after(() => api.stop());

  it("are created, shown in columns of every type, by short name and category", async () => {
    await api.kubectl("apply -f -", gadget("one"));
    assert.deepEqual(rows(await api.kubectl("get gd")), [
      ["NAME", "SIZE", "RATIO", "ON", "SINCE", "TAG", "READY"],
      ["one", "3", "0.5", "true", "3d", "z"],
    ]);
    assert.match(await api.kubectl("get toys -o wide"), /COLOR +TAG +READY\none .* red +z/);
    assert.match(await api.kubectl("get all"), /^gadget\.example\.com\/one +3 /m);
    assert.equal(
      await api.kubectl("get gd --field-selector spec.color=red,spec.size=3 -o name"),
      "gadget.example.com/one\n",
    );
    assert.equal((await api.run(["get", "gd", "--field-selector", "spec.color=blue"])).stdout, "");
  });

  it("are explained, all of them, in both forms", async () => {
    const all = await api.kubectl("explain gadget --recursive");
    assert.match(all, /A thing that is fun\./);
    assert.match(all, /^ {2}spec\t<Object>$/m);
    assert.match(all, /^ {4}ports\t<\[\]Object>\n {6}name\t<string>\n {6}port\t<integer> -required-$/m);
    assert.match(
      all,
      /^ {4}template\t<Object>\n {6}apiVersion\t<string> -required-\n {6}kind\t<string> -required-\n {6}metadata\t<ObjectMeta>$/m,
    );
    assert.match(await api.kubectl("explain gd.spec.color"), /ENUM:\n +red\n +blue\n\nDESCRIPTION:\n +Its color\./);
    // Upstream's conformance suite looks for these words.
    assert.match(await api.kubectl("explain gd"), /apiVersion\t<string>\n +APIVersion defines /);
    const metadata = await api.kubectl("explain gd.metadata");
    assert.match(
      metadata,
      /Standard object's metadata[^]*creationTimestamp\t<string>\n +CreationTimestamp is a timestamp/,
    );
    const older = await api.kubectl("explain gd.spec --output=plaintext-openapiv2");
    assert.match(older, /What is wanted\.\n\nFIELDS:\n {3}color\t<string> -required-/);
  });

  it("are refused in upstream's words", async () => {
    const refused = (more: object) => api.refused("apply -f -", gadget("two", more));
    assert.match(await refused({ size: 12 }), /^The Gadget "two" is invalid: spec\.size: Forbidden: 12 is too big$/m);
    assert.match(
      await refused({ size: "big" }),
      /\* spec\.size: Invalid value: "string": spec\.size in body must be of type integer: "string"\n\* <nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation/,
    );
    assert.match(await refused({ tags: ["a", "a"] }), /spec\.tags\[1\]: Duplicate value: "a"/);
    assert.match(
      await refused({ ports: [{ port: 1 }, { port: 1 }] }),
      /spec\.ports\[1\]: Duplicate value: \{"port":1\}/,
    );
    assert.match(await refused({ colour: "red" }), /strict decoding error: unknown field "spec\.colour"/);
    const inside = { template: { apiVersion: "v1", metadata: { name: "a/b" } } };
    assert.match(
      await refused(inside),
      /\* spec\.template\.kind: Required value\n\* spec\.template\.metadata\.name: Invalid value: "a\/b": may not contain '\/'/,
    );
    const labels = { template: { apiVersion: "v1", kind: "Pod", metadata: { labels: 5 } } };
    assert.match(
      await refused(labels),
      /cannot be handled as a Gadget: spec\.template\.metadata: Invalid value: \{"labels":5\}: json: cannot unmarshal number into Go struct field ObjectMeta\.labels of type map\[string\]string/,
    );
    assert.match(
      await api.refused('patch gadget one --type=merge -p {"spec":{"color":"blue"}}'),
      /only a six may change its color/,
    );
    assert.match(
      await api.refused('patch gadget one -p {"spec":{"size":2}}'),
      /strategic-merge-patch\+json is not supported/,
    );
  });

  it("are compared, applied on the server, scaled and edited", async () => {
    const diff = await api.run(["diff", "-f", "-"], gadget("one", { size: 5 }));
    assert.equal(diff.code, 1);
    assert.match(diff.stdout, /^-\s+size: 3\n\+\s+size: 5$/m);
    assert.match(
      await api.refused("apply --server-side -f -", gadget("one", { size: 6 })),
      /conflict with "kubectl-client-side-apply" using example\.com\/v1: \.spec\.size/,
    );
    await api.kubectl("apply --server-side --force-conflicts -f -", gadget("one", { size: 6 }));
    await api.kubectl("scale gadget one --replicas=4");
    assert.equal(await api.kubectl("get gadget one -o jsonpath={.spec.replicas}"), "4");
    assert.match(
      await api.refused("scale gadget one --replicas=5 --current-replicas=3"),
      /Expected replicas to be 3, was 4/,
    );
    const editor = join(api.directory, "editor.sh");
    writeFileSync(editor, "#!/bin/sh\nsed -i 's/color: red/color: blue/' \"$1\"\n");
    chmodSync(editor, 0o755);
    process.env["KUBE_EDITOR"] = editor;
    try {
      assert.match(await api.kubectl("edit gadget one"), /gadget\.example\.com\/one edited/);
    } finally {
      delete process.env["KUBE_EDITOR"];
    }
    assert.equal(await api.kubectl("get gadget one -o jsonpath={.spec.color}"), "blue");
    const ready = JSON.stringify({ status: { replicas: 4, conditions: [{ type: "Ready", status: "True" }] } });
    await api.kubectl(`patch gadget one --type=merge --subresource=status -p ${ready}`);
    await api.kubectl("wait --for=condition=Ready gadget/one --timeout=120s");
    assert.equal(await api.kubectl("get gadget one -o jsonpath={.metadata.generation}"), "4");
  });

  it("are watched, in columns", async () => {
    const watched = api.follow(["get", "gd", "-w"]);
    try {
      await watched.seen(2);
      await api.kubectl("apply -f -", gadget("three", { size: 7 }));
      await api.kubectl("delete gadget three");
      const lines = rows(await watched.seen(4)).map(([name, size]) => `${name} ${size}`);
      assert.deepEqual(lines, ["NAME SIZE", "one 6", "three 7", "three 7"]);
    } finally {
      await watched.end();
    }
  });

  it("warn of finalizers that may be others', and of deprecated versions", async () => {
    const body = { apiVersion: "example.com/v1", kind: "Gadget", metadata: { name: "held", finalizers: ["hold"] } };
    const made = await api.run(["create", "-f", "-"], JSON.stringify({ ...body, spec: { color: "red" } }));
    assert.match(
      made.stderr,
      /Warning: metadata\.finalizers: "hold": prefer a domain-qualified finalizer name to avoid/,
    );
    const { stderr } = await api.run(["get", "gadgets.v1alpha1.example.com"]);
    assert.match(stderr, /Warning: example\.com\/v1alpha1 Gadget is deprecated; use example\.com\/v1 Gadget/);
    await api.kubectl('patch gadget held --type=merge -p {"metadata":{"finalizers":null}}');
  });

  it("have no protobuf form", async () => {
    const path = "/apis/example.com/v1/namespaces/default/gadgets";
    const protobuf = "application/vnd.kubernetes.protobuf";
    const read = await api.send({ path, headers: { accept: protobuf } });
    assert.equal(read.status, 406);
    assert.match(
      read.body.toString("latin1"),
      /only the following media types are accepted: application\/json, application\/yaml/,
    );
    const watched = await api.send({ path: `${path}?watch=true&timeoutSeconds=1`, headers: { accept: protobuf } });
    assert.equal(watched.status, 406);
    const written = await api.send({ method: "POST", path, headers: { "content-type": protobuf }, body: "k8s\0" });
    assert.equal(written.status, 415);
    const both = await api.send({ path, headers: { accept: `${protobuf},application/json` } });
    assert.deepEqual([both.status, both.headers["content-type"]], [200, "application/json"]);
  });

  it("have OpenAPI documents that keep their hash until they change", async () => {
    const other = structuredClone(gadgets);
    other.metadata.name = "gizmos.example.org";
    other.spec.group = "example.org";
    other.spec.names = { plural: "gizmos", singular: "gizmo", kind: "Gizmo", shortNames: [], categories: [] };
    const hashOf = async (path: string) => {
      const { paths } = (await api.send({ path: "/openapi/v3" })).json() as {
        paths: Record<string, { serverRelativeURL: string } | undefined>;
      };
      return paths[path]?.serverRelativeURL ?? "";
    };
    const url = await hashOf("apis/example.com/v1");
    await api.kubectl("create -f -", JSON.stringify(other));
    await api.kubectl("wait --for=condition=Established crd/gizmos.example.org --timeout=120s");
    assert.equal(await hashOf("apis/example.com/v1"), url);
    const document = await api.send({ path: url });
    const etag = String(document.headers["etag"]);
    assert.equal((await api.send({ path: url, headers: { "if-none-match": etag } })).status, 304);
    const patch = [{ op: "add", path: "/spec/versions/0/schema/openAPIV3Schema/properties/extra", value: text }];
    await api.kubectl(`patch crd gadgets.example.com --type=json -p ${JSON.stringify(patch)}`);
    while ((await hashOf("apis/example.com/v1")) === url) await pause(10);
    const moved = await api.send({ path: url });
    assert.deepEqual([moved.status, moved.headers["location"]], [301, await hashOf("apis/example.com/v1")]);
  });

  it("go with their definition, which says on its way what becomes of them", async () => {
    await api.kubectl('patch gadget one --type=merge -p {"metadata":{"finalizers":["example.com/hold"]}}');
    await api.kubectl("delete crd gadgets.example.com --wait=false");
    const condition = async () =>
      api.kubectl('get crd gadgets.example.com -o jsonpath={.status.conditions[?(@.type=="Terminating")].reason}');
    while ((await condition()) !== "InstanceDeletionInProgress") await pause(10);
    assert.match(
      await api.refused("create -f -", gadget("late")),
      /gadgets\.example\.com "late" is forbidden: create not allowed while custom resource definition is terminating/,
    );
    await api.kubectl('patch gadget one --type=merge -p {"metadata":{"finalizers":null}}');
    await api.kubectl("wait --for=delete crd/gadgets.example.com --timeout=120s");
    assert.match(
      await api.refused("get gadgets"),
      /the server doesn't have a resource type|could not find the requested resource/,
    );
  });
});
