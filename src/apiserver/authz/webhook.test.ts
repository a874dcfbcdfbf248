import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../base/index.ts";
import { MetricsRegistry } from "../../component/index.ts";
import type { AuthorizationAttributes } from "./contract.ts";
import { parseAuthorizationConfig, type ReviewStatus, WebhookAuthorizer, webhookMetrics } from "./index.ts";

const signal = new AbortController().signal;

function attributes(more: Partial<AuthorizationAttributes> = {}): AuthorizationAttributes {
  return {
    user: { name: "ann", groups: [] },
    verb: "get",
    isResourceRequest: true,
    path: "",
    apiGroup: "",
    apiVersion: "v1",
    namespace: "default",
    resource: "pods",
    subresource: "",
    name: "web",
    ...more,
  };
}

function webhookWith(
  answer: (asked: number) => ReviewStatus,
  more: Partial<ConstructorParameters<typeof WebhookAuthorizer>[0]> = {},
) {
  const clock = new VirtualClock();
  const metrics = new MetricsRegistry();
  let asked = 0;
  const authorizer = new WebhookAuthorizer({
    name: "hook",
    clock,
    review: async () => answer(++asked),
    authorizedTtlMs: 10_000,
    unauthorizedTtlMs: 1_000,
    failurePolicy: "NoOpinion",
    metrics: webhookMetrics(metrics)("hook"),
    ...more,
  });
  return { clock, authorizer, metrics, asked: () => asked };
}

test("permissions and refusals are remembered, each for its own time", async () => {
  const { clock, authorizer, asked } = webhookWith((count) => ({ allowed: count === 1, reason: String(count) }));
  assert.deepEqual(await authorizer.authorize(attributes(), signal), { decision: "allow", reason: "1" });
  await clock.advance(9_999);
  assert.equal((await authorizer.authorize(attributes(), signal)).decision, "allow");
  await clock.advance(1);
  assert.equal((await authorizer.authorize(attributes(), signal)).decision, "no-opinion");
  await clock.advance(999);
  await authorizer.authorize(attributes(), signal);
  assert.equal(asked(), 2);
  await clock.advance(1);
  await authorizer.authorize(attributes(), signal);
  assert.equal(asked(), 3);
  await authorizer.authorize(attributes({ name: "other" }), signal);
  assert.equal(asked(), 4);
});

test("answers to what clients made long are not remembered", async () => {
  const { authorizer, asked } = webhookWith(() => ({ allowed: true }));
  const long = attributes({ name: "x".repeat(10_000) });
  await authorizer.authorize(long, signal);
  await authorizer.authorize(long, signal);
  assert.equal(asked(), 2);
});

test("a failure is no opinion or a refusal, as the policy says, and never remembered", async () => {
  const fail = (): never => {
    throw new Error("gone");
  };
  const open = webhookWith(fail);
  assert.deepEqual(await open.authorizer.authorize(attributes(), signal), {
    decision: "no-opinion",
    reason: "",
    evaluationError: "gone",
  });
  await open.authorizer.authorize(attributes(), signal);
  assert.equal(open.asked(), 2);
  const shown = open.metrics.render().body;
  assert.match(shown, /apiserver_authorization_webhook_evaluations_fail_open_total\{result="error",name="hook"\} 2/);
  const closed = webhookWith(fail, { failurePolicy: "Deny" });
  assert.equal((await closed.authorizer.authorize(attributes(), signal)).decision, "deny");
  const both = webhookWith(() => ({ allowed: true, denied: true }));
  assert.equal((await both.authorizer.authorize(attributes(), signal)).decision, "deny");
});

const webhookEntry = (more: object) => ({
  type: "Webhook",
  name: "hook",
  webhook: {
    timeout: "3s",
    subjectAccessReviewVersion: "v1",
    matchConditionSubjectAccessReviewVersion: "v1",
    failurePolicy: "Deny",
    connectionInfo: { type: "KubeConfigFile", kubeConfigFile: "/hook.yaml" },
    ...more,
  },
});

function parse(...authorizers: unknown[]) {
  return parseAuthorizationConfig(
    JSON.stringify({ apiVersion: "apiserver.config.k8s.io/v1", kind: "AuthorizationConfiguration", authorizers }),
  );
}

function conditionsOf(...expressions: string[]) {
  const [entry] = parse(webhookEntry({ matchConditions: expressions.map((expression) => ({ expression })) }));
  assert.ok(entry?.type === "Webhook" && entry.webhook.conditions !== undefined);
  return entry.webhook.conditions;
}

test("conditions keep requests away; one that fails counts as a failure unless another is false", async () => {
  const conditions = conditionsOf(
    "has(request.resourceAttributes)",
    "request.resourceAttributes.namespace == 'kube-system' || 'ops' in request.groups",
  );
  const { authorizer, asked } = webhookWith(() => ({ allowed: true }), { conditions });
  assert.equal((await authorizer.authorize(attributes(), signal)).decision, "no-opinion");
  assert.equal(asked(), 0);
  assert.equal((await authorizer.authorize(attributes({ namespace: "kube-system" }), signal)).decision, "allow");
  const ops = { name: "bob", groups: ["ops"] };
  assert.equal((await authorizer.authorize(attributes({ user: ops }), signal)).decision, "allow");
  assert.equal(asked(), 2);
  const path = attributes({ isResourceRequest: false, path: "/metrics" });
  assert.equal((await authorizer.authorize(path, signal)).decision, "no-opinion");

  const failing = conditionsOf("request.resourceAttributes.verb == 'get'");
  const strict = webhookWith(() => ({ allowed: true }), { conditions: failing, failurePolicy: "Deny" });
  const answer = await strict.authorizer.authorize(path, signal);
  assert.equal(answer.decision, "deny");
  assert.match(answer.evaluationError ?? "", /resulted in error: no such key: resourceAttributes/);
  assert.match(
    strict.metrics.render().body,
    /apiserver_authorization_match_condition_evaluation_errors_total\{type="Webhook",name="hook"\} 1/,
  );
});

test("a file of authorizers is read in its order, with upstream's defaults", () => {
  const read = parse(webhookEntry({}), { type: "Node", name: "node" }, { type: "RBAC", name: "rbac" });
  assert.deepEqual(
    read.map(({ type, name }) => `${type} ${name}`),
    ["Webhook hook", "Node node", "RBAC rbac"],
  );
  const [first] = read;
  assert.ok(first?.type === "Webhook");
  const { authorizedTtlMs, unauthorizedTtlMs, timeoutMs } = first.webhook;
  assert.deepEqual([authorizedTtlMs, unauthorizedTtlMs, timeoutMs], [300_000, 30_000, 3_000]);
  const [uncached] = parse(webhookEntry({ cacheAuthorizedRequests: false }));
  assert.ok(uncached?.type === "Webhook");
  assert.equal(uncached.webhook.authorizedTtlMs, 0);
});

test("what upstream refuses in such a file is refused in its words", () => {
  const refusal = (...authorizers: unknown[]): string => {
    try {
      parse(...authorizers);
    } catch (error) {
      return error instanceof Error ? error.message : "";
    }
    return "";
  };
  assert.equal(refusal(), "authorizers: Required value: at least one authorization mode must be defined");
  assert.match(refusal({ type: "Magic", name: "m" }), /^authorizers\[0\]\.type: Unsupported value: "Magic"/);
  assert.match(
    refusal({ type: "RBAC", name: "a" }, { type: "RBAC", name: "b" }),
    /authorizers\[1\]\.type: Duplicate value: "RBAC"/,
  );
  assert.match(
    refusal({ type: "Webhook", name: "w" }),
    /authorizers\[0\]\.webhook: Required value: required when type=/,
  );
  assert.match(refusal(webhookEntry({ timeout: "31s" })), /timeout: Invalid value: "31s": must be > 0s and <= 30s/);
  assert.match(refusal(webhookEntry({ failurePolicy: "" })), /failurePolicy: Required value/);
  assert.match(refusal(webhookEntry({ tmeout: "3s" })), /strict decoding error: unknown field "authorizers\[0\]/);
  const relative = { connectionInfo: { type: "KubeConfigFile", kubeConfigFile: "hook.yaml" } };
  assert.match(refusal(webhookEntry(relative)), /kubeConfigFile: Invalid value: "hook.yaml": must be an absolute path/);
  const wrong = { matchConditions: [{ expression: "request.nope" }, { expression: "request.user" }] };
  const told = refusal(webhookEntry(wrong));
  assert.match(
    told,
    /matchConditions\[0\]\.expression: Invalid value: "request.nope": compilation failed: .*undefined field/s,
  );
  assert.match(told, /matchConditions\[1\]\.expression: Invalid value: "request.user": must evaluate to bool/);
});
