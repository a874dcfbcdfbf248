import type { Choice } from "./choice.ts";
import { type OpenApiSchema, RandomValues, type Schemas } from "./random-value.ts";

/** A resource that can be created. */
export interface Target {
  /** `/api/v1/namespaces/{namespace}/pods` */
  readonly path: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly schema: OpenApiSchema;
  readonly schemas: Schemas;
}

export interface RandomRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body?: Buffer;
}

/** Any path of the API, with the methods that it has. */
export interface AnyPath {
  readonly path: string;
  readonly methods: readonly string[];
}

const json = "application/json";
const patchTypes = [
  "application/merge-patch+json",
  "application/json-patch+json",
  "application/strategic-merge-patch+json",
  "application/apply-patch+yaml",
];
const otherTypes = [json, "application/yaml", "application/vnd.kubernetes.protobuf", "text/plain", ""];
const accepts = [
  ...[json, "application/yaml", "application/vnd.kubernetes.protobuf", "*/*", "text/html", "garbage;;;="],
  "application/json;as=Table;v=v1;g=meta.k8s.io",
  "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
  "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
  "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
];
const queries = [
  ...[
    "",
    "",
    "",
    "dryRun=All",
    "fieldValidation=Strict",
    "fieldValidation=Warn",
    "pretty=true",
    "limit=1",
    "timeout=x",
  ],
  ...["limit=2&continue=abc", "resourceVersion=0", "resourceVersion=1&resourceVersionMatch=Exact", "timeoutSeconds=-1"],
  ...["labelSelector=a%3Db", "labelSelector=a+in+(", "fieldSelector=metadata.name%3Dweb", "fieldSelector=spec.x%3D1"],
  ...["propagationPolicy=Foreground", "propagationPolicy=x", "gracePeriodSeconds=0", "gracePeriodSeconds=-5", "%zz"],
  ...["fieldManager=x&force=true", "force=maybe", "dryRun=x", `fieldManager=${"x".repeat(130)}`, "limit=-1", "a=b&a=c"],
  ...["orphanDependents=true", "continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6NSwic3RhcnQiOiJhIn0", "timeout=1s"],
];
const names = ["web", "a", "b1", "x.y", "test-1", "default", "kubernetes", "web-0"];
const subresources = ["status", "scale", "ephemeralcontainers", "resize", "finalize", "approval", "nope"];
const deleteOptions: readonly unknown[] = [
  ...[{}, { gracePeriodSeconds: 0 }, { propagationPolicy: "Orphan" }, { preconditions: { uid: "x" } }, [1], null, "x"],
  ...[{ kind: "DeleteOptions", apiVersion: "v1", gracePeriodSeconds: -1 }, { dryRun: ["All"] }, { kind: "Pod" }],
];
const otherBodies: readonly unknown[] = [
  { kind: "Eviction", apiVersion: "policy/v1", metadata: { name: "web" } },
  { kind: "Binding", apiVersion: "v1", metadata: { name: "web" }, target: { name: "n" } },
  { kind: "Scale", apiVersion: "autoscaling/v1", metadata: { name: "web" }, spec: { replicas: 1 } },
  { kind: "TokenRequest", apiVersion: "authentication.k8s.io/v1", spec: { audiences: [] } },
  { kind: "TokenReview", apiVersion: "authentication.k8s.io/v1", spec: {} },
  ...[{}, [], null, { spec: {} }],
];
const pointers = [
  ...[
    "/metadata/labels",
    "/metadata/labels/a",
    "/spec",
    "/spec/replicas",
    "/",
    "",
    "/metadata/finalizers/-",
    "/status",
  ],
  ...["/metadata/name", "/spec/template/spec/containers/0/image", "/spec/containers/5", "/~2", "/__proto__/x"],
];

/** Makes requests that a client could send, well-formed or not. */
export class RandomRequests {
  readonly #choice: Choice;
  readonly #targets: readonly Target[];
  readonly #paths: readonly AnyPath[];

  constructor(choice: Choice, targets: readonly Target[], paths: readonly AnyPath[]) {
    this.#choice = choice;
    this.#targets = targets;
    this.#paths = paths;
  }

  next(): RandomRequest {
    const choice = this.#choice;
    const target = choice.of(this.#targets);
    const collection = this.#filled(target.path);
    const one = `${collection}/${choice.of(names)}`;
    const kind = choice.below(100);
    if (kind < 45) return this.#request("POST", collection, this.#contentType(json), this.#object(target));
    if (kind < 58) return this.#request("GET", choice.chance(0.5) ? collection : one);
    if (kind < 78) return this.#patch(target, `${one}${this.#subresource(0.15)}`);
    if (kind < 88) return this.#request("PUT", `${one}${this.#subresource(0.3)}`, json, this.#object(target));
    if (kind < 95) return this.#delete(choice.chance(0.9) ? one : collection);
    return this.#anywhere();
  }

  #request(method: string, path: string, type?: string, body?: Buffer): RandomRequest {
    const choice = this.#choice;
    const query = choice.of(queries);
    const headers: Record<string, string> = {};
    if (type !== undefined) headers["content-type"] = type;
    if (choice.chance(0.4)) headers["accept"] = choice.of(accepts);
    const sent = body !== undefined && choice.chance(0.03) ? choice.damaged(body) : body;
    return {
      method,
      path: query === "" ? path : `${path}?${query}`,
      headers,
      ...(sent === undefined ? {} : { body: sent }),
    };
  }

  #contentType(usual: string): string {
    return this.#choice.chance(0.95) ? usual : this.#choice.of(otherTypes);
  }

  #subresource(probability: number): string {
    return this.#choice.chance(probability) ? `/${this.#choice.of(subresources)}` : "";
  }

  #object({ apiVersion, kind, schema, schemas }: Target): Buffer {
    const choice = this.#choice;
    const object = new RandomValues(choice, schemas).value(schema);
    if (typeof object !== "object" || object === null || Array.isArray(object))
      return Buffer.from(JSON.stringify(object));
    const fields = object as Record<string, unknown>;
    if (choice.chance(0.97)) Object.assign(fields, { apiVersion, kind });
    if (choice.chance(0.9)) {
      const name = choice.chance(0.95) ? `${choice.of(names)}${choice.chance(0.5) ? "" : choice.below(5)}` : undefined;
      fields["metadata"] = { name: name ?? new RandomValues(choice, schemas).word(), labels: { a: "b" } };
    }
    return Buffer.from(JSON.stringify(fields));
  }

  #patch(target: Target, path: string): RandomRequest {
    const choice = this.#choice;
    const type = this.#contentType(choice.of(patchTypes));
    return this.#request("PATCH", path, type, type.includes("json-patch") ? this.#jsonPatch() : this.#object(target));
  }

  #jsonPatch(): Buffer {
    const choice = this.#choice;
    const operations = Array.from({ length: 1 + choice.below(3) }, () => ({
      op: choice.of(["add", "remove", "replace", "move", "copy", "test", "x"]),
      path: choice.of(pointers),
      from: choice.of(pointers),
      value: choice.of<unknown>([1, "a", null, {}, [], { a: "b" }, ["x"]]),
    }));
    return Buffer.from(JSON.stringify(operations));
  }

  #delete(path: string): RandomRequest {
    if (this.#choice.chance(0.7)) return this.#request("DELETE", path);
    return this.#request("DELETE", path, json, Buffer.from(JSON.stringify(this.#choice.of(deleteOptions))));
  }

  #anywhere(): RandomRequest {
    const choice = this.#choice;
    const { path, methods } = choice.of(this.#paths);
    const method = choice.of([...methods, "HEAD", "OPTIONS", "PUT"]);
    if (method === "GET" || method === "HEAD" || choice.chance(0.3)) return this.#request(method, this.#filled(path));
    return this.#request(method, this.#filled(path), json, Buffer.from(JSON.stringify(choice.of(otherBodies))));
  }

  #filled(path: string): string {
    return path.replace(/\{(\w+)\}/g, (_, what) => {
      if (what === "namespace") return this.#choice.of(["default", "default", "kube-system", "nope"]);
      return what === "name" ? this.#choice.of(names) : this.#choice.of(["x", "a/b", ""]);
    });
  }
}
