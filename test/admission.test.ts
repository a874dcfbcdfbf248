import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { HookServer, jsonPatch } from "../src/testing/index.ts";
import { type AuditEvent, AuditPolicy } from "../src/apiserver/index.ts";
import { ServedApi } from "./api/served.ts";

const api = new ServedApi();
const hooks = new HookServer();
const events: AuditEvent[] = [];

/** The audit annotations of the last create of this object. */
function annotationsOf(name: string): Readonly<Record<string, string>> {
  const event = events.findLast(
    ({ verb, stage, objectRef }) => verb === "create" && stage === "ResponseComplete" && objectRef?.name === name,
  );
  return event?.annotations ?? {};
}

const yaml = (...documents: readonly object[]): string => documents.map((one) => JSON.stringify(one)).join("\n");
const registration = "admissionregistration.k8s.io/v1";
const configMap = (name: string, data: object = {}) =>
  yaml({ apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data });

/** A policy about config maps, bound with these actions. */
const policy = (name: string, spec: object, validationActions: readonly string[]): string => {
  const resourceRules = [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] }];
  return yaml(
    {
      apiVersion: registration,
      kind: "ValidatingAdmissionPolicy",
      metadata: { name },
      spec: { matchConstraints: { resourceRules }, ...spec },
    },
    {
      apiVersion: registration,
      kind: "ValidatingAdmissionPolicyBinding",
      metadata: { name },
      spec: { policyName: name, validationActions },
    },
  );
};

describe("admission by independent clients", { concurrency: false }, () => {
  before(async () => {
    const rules =
      "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- {level: Metadata, resources: [{group: '', resources: [secrets]}]}\n- {level: Request}\n";
    const backend = {
      name: "memory",
      record: (event: AuditEvent) => void events.push(event),
      run: (signal: AbortSignal) =>
        new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true })),
    };
    await hooks.start();
    await api.start({ audit: { policy: AuditPolicy.parse(rules), backends: [backend] } });
    await api.kubectl("create serviceaccount default");
  });
  after(async () => {
    await api.stop();
    await hooks.stop();
  });

  it("webhooks change what kubectl creates, and the audit log tells how", async () => {
    hooks.answer = ({ kind }) =>
      jsonPatch([
        {
          op: "add",
          path: (kind as { kind: string }).kind === "Secret" ? "/metadata/labels" : "/data/added",
          value: (kind as { kind: string }).kind === "Secret" ? { a: "b" } : "yes",
        },
      ]);
    const hook = hooks.hook("change.example.com", ["configmaps", "secrets"]);
    await api.kubectl(
      "create -f -",
      yaml({
        apiVersion: registration,
        kind: "MutatingWebhookConfiguration",
        metadata: { name: "change" },
        webhooks: [hook],
      }),
    );
    await api.kubectl("create -f -", configMap("changed", { a: "b" }));
    assert.equal(await api.kubectl("get cm changed -o jsonpath={.data.added}"), "yes");
    const annotations = annotationsOf("changed");
    assert.equal(
      annotations["patch.webhook.admission.k8s.io/round_0_index_0"],
      '{"configuration":"change","webhook":"change.example.com","patch":[{"op":"add","path":"/data/added","value":"yes"}],"patchType":"JSONPatch"}',
    );
    assert.equal(
      annotations["mutation.webhook.admission.k8s.io/round_0_index_0"],
      '{"configuration":"change","webhook":"change.example.com","mutated":true}',
    );
    // At level Metadata nothing is told of bodies.
    await api.kubectl("create secret generic quiet");
    assert.deepEqual(
      Object.keys(annotationsOf("quiet")).filter((key) => key.includes("webhook")),
      ["mutation.webhook.admission.k8s.io/round_0_index_0"],
    );
    await api.kubectl("delete mutatingwebhookconfiguration change");
  });

  it("webhooks keep kubectl from scaling, and are not asked in dry runs if that leaves traces", async () => {
    await api.kubectl("create deployment web --image=x");
    hooks.answer = ({ object }) =>
      (object?.["spec"] as { replicas?: number }).replicas === 3
        ? { allowed: true }
        : { allowed: false, status: { message: "three is all", code: 403 } };
    const hook = hooks.hook("scale.example.com", ["deployments/scale"]);
    await api.kubectl(
      "create -f -",
      yaml({
        apiVersion: registration,
        kind: "ValidatingWebhookConfiguration",
        metadata: { name: "scale" },
        webhooks: [hook],
      }),
    );
    await api.kubectl("scale deployment web --replicas=3");
    assert.equal(
      await api.refused("scale deployment web --replicas=9"),
      'Error from server: admission webhook "scale.example.com" denied the request: three is all\n',
    );
    await api.kubectl("delete validatingwebhookconfiguration scale");
  });

  it("policies deny, warn and note in words that kubectl shows", async () => {
    const validations = [{ expression: "has(object.data)", messageExpression: "object.metadata.name" }];
    // What is known only when it runs is no text yet.
    assert.match(
      await api.refused("create -f -", policy("empty", { validations }, ["Deny"])),
      /spec\.validations\[0\]\.messageExpression: Invalid value: "object\.metadata\.name": must evaluate to string/,
    );
    const fixed = [{ expression: "has(object.data)", messageExpression: "object.metadata.name + ' is empty'" }];
    await api.kubectl("apply -f -", policy("empty", { validations: fixed }, ["Deny"]));
    assert.equal(
      await api.refused("create -f -", configMap("hollow")),
      `The configmaps "hollow" is invalid: : ValidatingAdmissionPolicy 'empty' with binding 'empty' denied request: hollow is empty\n`,
    );
    await api.kubectl("apply -f -", policy("empty", { validations: fixed }, ["Warn", "Audit"]));
    const { code, stderr } = await api.run(["create", "-f", "-"], configMap("hollow"));
    assert.equal(code, 0, stderr);
    assert.equal(
      stderr,
      "Warning: Validation failed for ValidatingAdmissionPolicy 'empty' with binding 'empty': hollow is empty\n",
    );
    assert.equal(
      annotationsOf("hollow")["validation.policy.admission.k8s.io/validation_failure"],
      '[{"message":"hollow is empty","policy":"empty","binding":"empty","expressionIndex":0,"validationActions":["Warn","Audit"]}]',
    );
    assert.match(
      await api.kubectl("get validatingadmissionpolicy empty"),
      /^NAME +VALIDATIONS +PARAMKIND +AGE\nempty +1 +<unset> /,
    );
    await api.kubectl("delete validatingadmissionpolicybinding/empty validatingadmissionpolicy/empty");
  });

  it("pod security warns and refuses as kubectl users know it", async () => {
    await api.kubectl("create namespace strict");
    await api.kubectl("-n strict create serviceaccount default");
    await api.kubectl(
      "label namespace strict pod-security.kubernetes.io/enforce=baseline pod-security.kubernetes.io/warn=restricted",
    );
    const { stderr } = await api.run(["-n", "strict", "create", "deployment", "web", "--image=x"]);
    assert.match(
      stderr,
      /^Warning: would violate PodSecurity "restricted:latest": allowPrivilegeEscalation != false \(container "x" must set/,
    );
    const pod = yaml({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "p" },
      spec: { hostNetwork: true, containers: [{ name: "a", image: "a" }] },
    });
    assert.equal(
      await api.refused("-n strict create -f -", pod),
      'Error from server (Forbidden): error when creating "STDIN": pods "p" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true)\n',
    );
    assert.match(
      await api.refused("label namespace strict pod-security.kubernetes.io/audit=none"),
      /metadata\.labels\[pod-security\.kubernetes\.io\/audit\]: Invalid value: "none": must be one of privileged, baseline, restricted/,
    );
  });
});
