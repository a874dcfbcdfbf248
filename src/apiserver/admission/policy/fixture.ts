import type { KubeObject } from "../../../apimachinery/index.ts";
import type { Client } from "../../../client/index.ts";
import type { Auditor } from "../../audit/contract.ts";
import type { LiveContext } from "../../request/context.ts";

const group = "admissionregistration.k8s.io";

interface Plane {
  readonly client: Client;
  stop(): Promise<void>;
}

/** A control plane whose policies are put in place for the length of some work, and whose audit annotations are seen. */
export class PolicyPlane {
  readonly #plane: Plane;
  readonly #contexts: LiveContext[];

  private constructor(plane: Plane, contexts: LiveContext[]) {
    this.#plane = plane;
    this.#contexts = contexts;
  }

  static async start(startWith: (more: { readonly audit: Auditor }) => Promise<Plane>): Promise<PolicyPlane> {
    const contexts: LiveContext[] = [];
    const audit = {
      begin: (_: unknown, context: LiveContext) => void contexts.push(context),
      beginCall: () => undefined,
    } as unknown as Auditor;
    const plane = new PolicyPlane(await startWith({ audit }), contexts);
    await plane
      .collection("serviceaccounts")
      .create({ ...{ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } } } as KubeObject);
    return plane;
  }

  stop(): Promise<void> {
    return this.#plane.stop();
  }

  get client(): Client {
    return this.#plane.client;
  }

  /** Of the core group, in the namespace `default`. */
  collection(resource: string, of = "") {
    return this.client.resource<KubeObject>({ group: of, version: "v1", resource }).namespace("default");
  }

  /** A policy and its binding, both called `name`. */
  async with(
    kind: "Validating" | "Mutating",
    spec: object,
    binding: object,
    work: () => Promise<void>,
    name = "test",
  ): Promise<void> {
    const plural = `${kind.toLowerCase()}admissionpolic`;
    const apiVersion = `${group}/v1`;
    const metadata = { name };
    const resource = (of: string) => this.client.resource<KubeObject>({ group, version: "v1", resource: of });
    const [policies, bindings] = [resource(`${plural}ies`), resource(`${plural}ybindings`)];
    await policies.create({ apiVersion, kind: `${kind}AdmissionPolicy`, metadata, spec } as KubeObject);
    await bindings.create({
      ...{ apiVersion, kind: `${kind}AdmissionPolicyBinding`, metadata },
      spec: { policyName: name, ...(kind === "Validating" ? { validationActions: ["Deny"] } : {}), ...binding },
    } as KubeObject);
    try {
      await work();
    } finally {
      await bindings.delete(name);
      await policies.delete(name);
    }
  }

  /** Sends what clients send, and tells what it was noted for. */
  async send(method: string, path: string, body: object) {
    this.#contexts.length = 0;
    const headers = { "content-type": "application/json" };
    const answer = await this.client.raw({ method, path, headers, body: JSON.stringify(body) });
    const annotations: Record<string, string> = Object.fromEntries(this.#contexts[0]?.annotations ?? []);
    const object = JSON.parse(Buffer.from(answer.body).toString()) as Record<string, unknown>;
    return { status: answer.status, object, annotations, warning: answer.headers["warning"] ?? "" };
  }
}

export const rule = (apiGroup: string, resource: string, operations = ["CREATE", "UPDATE"]) => ({
  resourceRules: [{ apiGroups: [apiGroup], apiVersions: ["v1"], operations, resources: [resource] }],
});

export const configMap = (name: string, data: Record<string, string> = {}, metadata: object = {}) =>
  ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, ...metadata }, data }) as unknown as KubeObject;
