import assert from "node:assert/strict";
import { createServer } from "node:net";
import { after, before, beforeEach, describe, it } from "node:test";
import { type KubeObject, StatusError } from "../../../apimachinery/index.ts";
import type { Client } from "../../../client/index.ts";
import { MetricsRegistry } from "../../../component/index.ts";
import {
  type Answer,
  HookServer,
  jsonPatch,
  RawAnswer,
  startStandardControlPlane,
  type TestControlPlane,
} from "../../../testing/index.ts";
import type { Auditor } from "../../audit/contract.ts";
import type { LiveContext } from "../../request/context.ts";

const hooks = new HookServer();
const metrics = new MetricsRegistry();
const contexts: LiveContext[] = [];
let plane: TestControlPlane;
let client: Client;

const collection = (resource: string) =>
  client.resource<KubeObject>({ group: "", version: "v1", resource }).namespace("default");
const configMap = (name: string, data: Record<string, string> = { a: "b" }) =>
  ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data }) as unknown as KubeObject;

/** Creates over HTTP's handlers, where requests are audited. */
async function create(name: string, query = "") {
  contexts.length = 0;
  const { status, body, headers } = await client.raw({
    ...{ method: "POST", path: `/api/v1/namespaces/default/configmaps${query}` },
    headers: { "content-type": "application/json" },
    body: JSON.stringify(configMap(name)),
  });
  const annotations = Object.fromEntries(contexts[0]?.annotations ?? []);
  const patches = Object.fromEntries(contexts[0]?.bodyAnnotations ?? []);
  const object = JSON.parse(Buffer.from(body).toString()) as Record<string, unknown>;
  return { status, object, headers, annotations, patches, message: String(object["message"]) };
}

const callError = (name: string, why: string) => `Internal error occurred: failed calling webhook "${name}": ${why}`;

describe("webhook calls", () => {
  before(async () => {
    await hooks.start();
    const audit = {
      begin: (_: unknown, context: LiveContext) => void contexts.push(context),
      beginCall: () => undefined,
    } as unknown as Auditor;
    plane = await startStandardControlPlane({ more: { audit, metrics } });
    client = plane.client;
  });
  after(async () => {
    await plane.stop();
    await hooks.stop();
  });
  beforeEach(() => {
    hooks.answer = () => ({ allowed: true });
  });

  it("are noted in the audit log, with what they changed", async () => {
    hooks.answer = (_, path) =>
      path === "/changes.example.com"
        ? {
            ...jsonPatch([{ path: "/data/c", op: "add", value: "d" }]),
            auditAnnotations: { why: "because", "not ok": "left out" },
            warnings: ["mind the gap"],
          }
        : { allowed: true };
    const list = [hooks.hook("idle.example.com", ["configmaps"]), hooks.hook("changes.example.com", ["configmaps"])];
    await hooks.with(client, "Mutating", list, async () => {
      const { annotations, patches, headers } = await create("noted");
      assert.deepEqual(JSON.parse(annotations["mutation.webhook.admission.k8s.io/round_0_index_0"] ?? ""), {
        ...{ configuration: "test", webhook: "idle.example.com", mutated: false },
      });
      assert.equal(
        annotations["mutation.webhook.admission.k8s.io/round_0_index_1"],
        '{"configuration":"test","webhook":"changes.example.com","mutated":true}',
      );
      assert.equal(annotations["changes.example.com/why"], "because");
      assert.ok(!("changes.example.com/not ok" in annotations));
      assert.deepEqual(patches, {
        "patch.webhook.admission.k8s.io/round_0_index_1":
          '{"configuration":"test","webhook":"changes.example.com","patch":[{"op":"add","path":"/data/c","value":"d"}],"patchType":"JSONPatch"}',
      });
      assert.equal(headers["warning"], '299 - "mind the gap"');
    });
  });

  it("that fail open are noted, mutating ones by their place among all, validating ones among those asked", async () => {
    hooks.answer = () => new RawAnswer("broken", 500);
    const open = { failurePolicy: "Ignore" };
    const list = [
      hooks.hook("other.example.com", ["secrets"], open),
      hooks.hook("open.example.com", ["configmaps"], open),
    ];
    await hooks.with(client, "Mutating", list, async () => {
      const { annotations, status } = await create("open1");
      assert.equal(status, 201);
      const prefix = "mutation.webhook.admission.k8s.io/round_0_index_1";
      assert.equal(annotations[`failed-open.${prefix}`], "open.example.com");
      assert.equal(annotations[prefix], '{"configuration":"test","webhook":"open.example.com","mutated":false}');
    });
    await hooks.with(client, "Validating", list, async () => {
      const { annotations } = await create("open2");
      const failedOpen = annotations["failed-open.validating.webhook.admission.k8s.io/round_0_index_0"];
      assert.equal(failedOpen, "open.example.com");
    });
    const { body: text } = metrics.render();
    assert.match(text, /apiserver_admission_webhook_fail_open_count\{name="open\.example\.com",type="admit"\} 1/);
    assert.match(
      text,
      /apiserver_admission_webhook_request_total\{.*open\.example\.com.*code="500",rejected="false"\} 1/,
    );
  });

  const typeMeta =
    'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

  it("go where they are sent, ask again when told to wait, and read YAML and large answers", async () => {
    const yes = ({ uid }: { readonly uid: string }, more: object = {}) => ({
      ...{ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview" },
      response: { uid, allowed: true, ...more },
    });
    let asked = 0;
    const answers: readonly Answer[] = [
      (_request, path) => (path === "/there" ? { allowed: true } : new RawAnswer("", 307, { location: "/there" })),
      () => (++asked === 1 ? new RawAnswer("wait", 429, { "retry-after": "0" }) : { allowed: true }),
      ({ uid }) =>
        new RawAnswer(`apiVersion: admission.k8s.io/v1\nkind: AdmissionReview\nresponse: {uid: ${uid}, allowed: true}`),
      (request) => new RawAnswer(JSON.stringify(yes(request)) + " ".repeat(4 * 1024 * 1024)),
    ];
    await hooks.with(client, "Validating", [hooks.hook("v.example.com", ["configmaps"])], async () => {
      for (const [index, answer] of answers.entries()) {
        hooks.answer = answer;
        const { status, message } = await create(`moved-${index}`);
        assert.equal(status, 201, message);
      }
      // What is only fetched elsewhere does not know what was asked.
      hooks.answer = (_request, path) =>
        path === "/there" ? { allowed: true } : new RawAnswer("", 302, { location: "/there" });
      assert.match((await create("fetched")).message, /expected response\.uid="[-0-9a-f]+", got ""$/);
      hooks.answer = () => new RawAnswer("", 308, { location: "/again" });
      assert.match((await create("circling")).message, /stopped after 10 redirects$/);
    });
  });

  it("cannot move an object to another namespace, or make it something else", async () => {
    const cases: readonly (readonly [object[], number, string])[] = [
      [
        [{ op: "replace", path: "/metadata/namespace", value: "kube-system" }],
        400,
        "the namespace of the provided object does not match the namespace sent on the request",
      ],
      [
        [{ op: "replace", path: "/apiVersion", value: "v2" }],
        500,
        'Internal error occurred: no kind "ConfigMap" is registered for version "v2" in scheme "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30"',
      ],
      [
        [{ op: "replace", path: "/kind", value: "Secret" }],
        500,
        "Internal error occurred: converting (v1.Secret) to (v1.ConfigMap): unknown conversion",
      ],
    ];
    await collection("configmaps").create(configMap("settled"));
    const patch = { op: "add", path: "/metadata/resourceVersion", value: "1" };
    await hooks.with(client, "Mutating", [hooks.hook("m.example.com", ["configmaps"])], async () => {
      hooks.answer = () => jsonPatch([patch]);
      const change = () => collection("configmaps").patch("settled", { type: "merge", body: { data: { c: "d" } } });
      await assert.rejects(change(), (error) => error instanceof StatusError && error.code === 409);
      hooks.answer = () => jsonPatch([{ op: "remove", path: "/metadata/resourceVersion" }]);
      await change();
      for (const [operations, code, expected] of cases) {
        hooks.answer = () => jsonPatch(operations);
        const { status, message } = await create("moved");
        assert.deepEqual([status, message], [code, expected]);
      }
    });
  });

  it("that are answered badly are told of in upstream's words", async () => {
    const review = (response: object) =>
      new RawAnswer(JSON.stringify({ kind: "AdmissionReview", apiVersion: "admission.k8s.io/v1", response }));
    const cases: readonly (readonly [RawAnswer | object, string])[] = [
      [
        new RawAnswer("oh no", 500),
        'failed to call webhook: an error on the server ("oh no") has prevented the request from succeeding',
      ],
      [new RawAnswer("", 404), "failed to call webhook: the server could not find the requested resource"],
      [
        new RawAnswer(""),
        "failed to call webhook: 0-length response with status code: 200 and content type: text/plain",
      ],
      [
        new RawAnswer("<html>"),
        `failed to call webhook: couldn't get version/kind; json parse error: json: cannot unmarshal string into Go value of type ${typeMeta}`,
      ],
      [
        new RawAnswer('{"kind":"Adm'),
        "failed to call webhook: couldn't get version/kind; json parse error: unexpected end of JSON input",
      ],
      [new RawAnswer("null"), "received invalid webhook response: webhook response was absent"],
      [
        new RawAnswer('{"apiVersion":"v1","kind":"Status","status":"Success"}'),
        "failed to call webhook: converting (v1.Status) to (v1.AdmissionReview): unknown conversion",
      ],
      [
        new RawAnswer('{"apiVersion":"v1","kind":"Pod"}'),
        'failed to call webhook: no kind "Pod" is registered for version "v1" in scheme "k8s.io/apiserver/pkg/util/webhook/client.go:71"',
      ],
      [
        { allowed: "yes" },
        "failed to call webhook: json: cannot unmarshal string into Go struct field AdmissionResponse.response.allowed of type bool",
      ],
      [
        new RawAnswer('{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1beta1","response":{"allowed":true}}'),
        "failed to call webhook: converting (v1beta1.AdmissionReview) to (v1.AdmissionReview): unknown conversion",
      ],
      [
        new RawAnswer('{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}'),
        "received invalid webhook response: webhook response was absent",
      ],
      [
        { allowed: true, patch: "W10=", patchType: "JSONPatch" },
        "received invalid webhook response: validating webhook may not return response.patch",
      ],
      [
        { allowed: true, patchType: "JSONPatch" },
        "received invalid webhook response: validating webhook may not return response.patchType",
      ],
    ];
    await hooks.with(client, "Validating", [hooks.hook("v.example.com", ["configmaps"])], async () => {
      for (const [answer, why] of cases) {
        hooks.answer = () => answer;
        const { status, message } = await create("bad");
        assert.deepEqual([status, message], [500, callError("v.example.com", why)]);
      }
      hooks.answer = ({ uid }) => review({ uid: `${uid}!`, allowed: true });
      const { message } = await create("bad");
      const uid = hooks.seen.at(-1)?.request.uid;
      const why = `received invalid webhook response: expected response.uid="${uid}", got "${uid}!"`;
      assert.equal(message, callError("v.example.com", why));
    });
  });

  it("that change an object badly are told of, too", async () => {
    const patch = (text: string) => ({
      allowed: true,
      patchType: "JSONPatch",
      patch: Buffer.from(text).toString("base64"),
    });
    const cases: readonly (readonly [object, string])[] = [
      [
        { allowed: true, patch: "W10=" },
        callError(
          "m.example.com",
          "received invalid webhook response: webhook returned response.patch but not response.patchType",
        ),
      ],
      [
        { allowed: true, patchType: "JSONPatch" },
        callError(
          "m.example.com",
          "received invalid webhook response: webhook returned response.patchType but not response.patch",
        ),
      ],
      [
        { ...patch('[{"op":"add","path":"/data/x","value":"y"}]'), patchType: "Merge" },
        callError("m.example.com", 'unsupported patch type "Merge"'),
      ],
      [
        patch('[{"op":"add","path":"/data","value":3}]'),
        "Internal error occurred: json: cannot unmarshal number into Go struct field ConfigMap.data of type map[string]string",
      ],
    ];
    await hooks.with(client, "Mutating", [hooks.hook("m.example.com", ["configmaps"])], async () => {
      for (const [answer, expected] of cases) {
        hooks.answer = () => answer;
        const { status, message } = await create("bad");
        assert.deepEqual([status, message], [500, expected]);
      }
      hooks.answer = () => patch('[{"op":"remove","path":"/data/nothing"}]');
      const { message } = await create("bad");
      assert.match(
        message,
        /^Internal error occurred: error in remove for path: '\/data\/nothing': Unable to remove nonexistent key: nothing: missing value$/,
      );
      hooks.answer = () => patch('[{"op":"add","path":"/unknown","value":1}]');
      assert.equal((await create("fine")).status, 201);
      hooks.answer = ({ operation }) =>
        operation === "DELETE" ? patch('[{"op":"add","path":"/data/x","value":"y"}]') : { allowed: true };
      await assert.rejects(collection("configmaps").delete("fine"), {
        message:
          'Internal error occurred: admission webhook "m.example.com" attempted to modify the object, which is not supported for this operation',
      });
    });
  });

  it("that refuse say so with at least 400, and with what else they say", async () => {
    const cases: readonly (readonly [object, number, string, string])[] = [
      [{}, 400, "", "denied the request without explanation"],
      [{ status: { reason: "TooBig" } }, 400, "TooBig", "denied the request: TooBig"],
      [{ status: { message: "no", code: 200, status: "Success" } }, 400, "", "denied the request: no"],
      [{ status: { message: "no", code: 418, reason: "Teapot" } }, 418, "Teapot", "denied the request: no"],
    ];
    await hooks.with(client, "Validating", [hooks.hook("v.example.com", ["configmaps"])], async () => {
      for (const [more, code, reason, words] of cases) {
        hooks.answer = () => ({ allowed: false, ...more });
        const { status, object } = await create("refused");
        assert.deepEqual([status, object["code"], object["reason"] ?? ""], [code, code, reason]);
        assert.deepEqual(
          [object["status"], object["message"]],
          ["Failure", `admission webhook "v.example.com" ${words}`],
        );
      }
    });
  });

  it("are not made in dry runs where that would leave traces, whatever the failure policy", async () => {
    const patched = { ...hooks.hook("v.example.com", ["configmaps"]), failurePolicy: "Ignore" };
    await hooks.with(client, "Validating", [patched], async () => {
      assert.equal((await create("dry", "?dryRun=All")).status, 201);
      assert.equal(hooks.seen.at(-1)?.request.dryRun, true);
    });
  });

  it("of the older review are understood", async () => {
    hooks.answer = () =>
      new RawAnswer(
        JSON.stringify({
          ...{ kind: "AdmissionReview", apiVersion: "admission.k8s.io/v1beta1" },
          response: { allowed: true, patch: jsonPatch([{ op: "add", path: "/data/old", value: "1" }]).patch },
        }),
      );
    const hook = hooks.hook("m.example.com", ["configmaps"], { admissionReviewVersions: ["v9", "v1beta1"] });
    await hooks.with(client, "Mutating", [hook], async () => {
      const { object } = await create("older");
      assert.deepEqual(object["data"], { a: "b", old: "1" });
    });
  });

  it("go to Services under their names, and fail where there is none", async () => {
    const service = (more: object) => ({
      clientConfig: { service: { namespace: "default", name: "hook", path: "/x", ...more }, caBundle: hooks.caBundle },
    });
    const hook = (more: object) => hooks.hook("v.example.com", ["configmaps"], service(more));
    const post = 'failed to call webhook: Post "https://hook.default.svc:';
    await hooks.with(client, "Validating", [hook({})], async () => {
      assert.equal(
        (await create("no")).message,
        callError("v.example.com", `${post}443/x?timeout=30s": service "hook" not found`),
      );
    });
    const spec = { clusterIP: "None", ports: [{ port: 443 }] };
    await collection("services").create({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "hook" },
      spec,
    } as unknown as KubeObject);
    await hooks.with(client, "Validating", [hook({ port: 8443 })], async () => {
      const why = `${post}8443/x?timeout=30s": cannot route to service with ClusterIP "None"`;
      assert.equal((await create("no")).message, callError("v.example.com", why));
    });
    await collection("services").delete("hook");
    const external = { type: "ExternalName", externalName: "localhost" };
    await collection("services").create({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "hook" },
      spec: external,
    } as unknown as KubeObject);
    await hooks.with(client, "Validating", [hook({ port: hooks.port })], async () => {
      assert.equal((await create("by-service")).status, 201);
      assert.equal(hooks.seen[0]?.path, "/x");
    });
  });

  it("go only to whom the authority vouches for, by the name that was asked for", async () => {
    const { port, caBundle } = hooks;
    const cases = [
      [{ url: `https://localhost:${port}/` }, "certificate signed by unknown authority"],
      [
        { url: `https://127.0.0.1:${port}/`, caBundle },
        "cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs",
      ],
    ] as const;
    for (const [clientConfig, why] of cases) {
      const hook = hooks.hook("v.example.com", ["configmaps"], { clientConfig });
      await hooks.with(client, "Validating", [hook], async () => {
        const { message } = await create("untrusted");
        assert.ok(message.endsWith(`tls: failed to verify certificate: x509: ${why}`), message);
      });
    }
  });

  it("end when their time is up", async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as { port: number };
    const url = `https://localhost:${port}/slow`;
    const hook = hooks.hook("v.example.com", ["configmaps"], { timeoutSeconds: 1, clientConfig: { url } });
    try {
      await hooks.with(client, "Validating", [hook], async () => {
        const why = `failed to call webhook: Post "${url}?timeout=1s": context deadline exceeded`;
        assert.equal((await create("late")).message, callError("v.example.com", why));
      });
    } finally {
      silent.close();
    }
  });

  it("wait for match conditions, which see the object as the webhook would", async () => {
    const rules = [{ operations: ["*"], apiGroups: ["autoscaling"], apiVersions: ["v1"], resources: ["*"] }];
    const expression = "object.spec.targetCPUUtilizationPercentage == 50 && request.kind.version == 'v1'";
    const matchConditions = [{ name: "half", expression }];
    const metricsOf = (averageUtilization: number) => [
      { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization } } },
    ];
    const scaleTargetRef = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };
    const autoscalers = client
      .resource<KubeObject>({ group: "autoscaling", version: "v2", resource: "horizontalpodautoscalers" })
      .namespace("default");
    const make = (name: string, cpu: number) =>
      autoscalers.create({
        ...{ apiVersion: "autoscaling/v2", kind: "HorizontalPodAutoscaler", metadata: { name } },
        spec: { maxReplicas: 3, scaleTargetRef, metrics: metricsOf(cpu) },
      } as unknown as KubeObject);
    const hook = { ...hooks.hook("v.example.com", []), rules, matchConditions };
    await hooks.with(client, "Validating", [hook], async () => {
      await make("half", 50);
      await make("more", 60);
      assert.deepEqual(
        hooks.seen.map(({ request }) => request.name),
        ["half"],
      );
    });
    const broken = { ...hook, matchConditions: [{ name: "broken", expression: "object.spec.nope == 1" }] };
    await hooks.with(client, "Validating", [broken], async () => {
      await assert.rejects(make("broken", 50), (error) => {
        assert.ok(error instanceof StatusError);
        const why = "expression 'object.spec.nope == 1' resulted in error: no such key: nope";
        assert.equal(error.message, `horizontalpodautoscalers.autoscaling "broken" is forbidden: ${why}`);
        return error.code === 403;
      });
    });
    await hooks.with(client, "Validating", [{ ...broken, failurePolicy: "Ignore" }], async () => {
      await make("ignored", 50);
      assert.equal(hooks.seen.length, 0);
    });
    const { body } = metrics.render();
    const labels = '{name="v.example.com",kind="webhook",type="validating",operation="CREATE"}';
    assert.match(body, new RegExp(`^apiserver_admission_match_condition_exclusions_total${labels} 1$`, "m"));
    assert.match(body, new RegExp(`^apiserver_admission_match_condition_evaluation_errors_total${labels} 2$`, "m"));
    assert.match(body, new RegExp(`^apiserver_admission_match_condition_evaluation_seconds_count${labels} 4$`, "m"));
  });
});
