import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Asked, ask, startStandardControlPlane, type TestControlPlane } from "../../testing/index.ts";

let plane: TestControlPlane;
const path = "/apis/apps/v1/namespaces/default/deployments";
before(async () => {
  plane = await startStandardControlPlane();
  const template = { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "c", image: "x:1" }] } };
  const spec = { selector: { matchLabels: { a: "b" } }, template };
  const body = JSON.stringify({ metadata: { name: "d" }, spec });
  assert.equal((await ask(plane, { method: "POST", path: `${path}?fieldManager=c`, body })).status, 201);
});
after(() => plane.stop());

const mediaTypes = {
  merge: "application/merge-patch+json",
  json: "application/json-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
} as const;

function patch(type: keyof typeof mediaTypes, body: string, query: string, subresource = ""): Promise<Asked> {
  const owner = type === "apply" ? "&fieldManager=m&force=true" : "";
  return ask(plane, {
    method: "PATCH",
    path: `${path}/d${subresource}?dryRun=All${owner}&${query}`,
    headers: { "content-type": mediaTypes[type] },
    body,
  });
}

const twice = 'duplicate field "spec.replicas"';
const unknown = 'unknown field "spec.foo"';
const cases: readonly (readonly [type: keyof typeof mediaTypes, body: string, problems: string[], at?: string])[] = [
  ["merge", '{"spec":{"replicas":1,"foo":1,"replicas":2}}', [twice, unknown]],
  ["strategic", '{"zz":1,"spec":{"replicas":1,"foo":1,"replicas":2}}', [twice, unknown, 'unknown field "zz"']],
  ["json", '[{"op":"remove","op":"add","path":"/spec/replicas","value":3}]', ['json patch duplicate field "[0].op"']],
  ["json", '[{"op":"add","path":"/spec/replicas","value":3,"foo":1}]', ['json patch unknown field "[0].foo"']],
  [
    "json",
    '[{"op":"add","path":"/spec/template/spec/containers/0/env","value":[{"name":"e","name":"f"}]}]',
    [
      'json patch duplicate field "[0].value[0].name"',
      'duplicate field "spec.template.spec.containers[0].env[0].name"',
    ],
  ],
  [
    "json",
    '[{"op":"add","path":"/spec/foo","value":{"a":1,"a":2}}]',
    ['json patch duplicate field "[0].value.a"', unknown],
  ],
  ["merge", '{"spec":{"replicas":1,"foo":1,"replicas":2}}', [twice, unknown], "/scale"],
  ["json", '[{"op":"add","path":"/spec/foo","value":1}]', [unknown], "/scale"],
];
for (const [type, body, problems, subresource] of cases) {
  test(`${type} ${body}${subresource ?? ""} is told of, or refused, or neither`, async () => {
    const warned = await patch(type, body, "", subresource);
    assert.deepEqual([warned.status, warned.warnings], [200, problems]);
    const strict = await patch(type, body, "fieldValidation=Strict", subresource);
    assert.equal(strict.status, 422);
    assert.ok(strict.json<{ message: string }>().message.endsWith(`strict decoding error: ${problems.join(", ")}`));
    const ignored = await patch(type, body, "fieldValidation=Ignore", subresource);
    assert.deepEqual([ignored.status, ignored.warnings], [200, []]);
  });
}

test("what an applied configuration says twice is told line by line", async () => {
  const body =
    'apiVersion: apps/v1\nkind: Deployment\nspec:\n  replicas: 1\n  paused: true\n  "replicas": 2\n  paused: true\n';
  const lines = ['line 6: key "replicas" already set in map', 'line 7: key "paused" already set in map'];
  assert.deepEqual((await patch("apply", body, "")).warnings, lines);
  const strict = await patch("apply", body, "fieldValidation=Strict");
  assert.equal(
    strict.json<{ message: string }>().message,
    `error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  ${lines.join("\n  ")}`,
  );
});

test("JSON that comes as YAML is told of as YAML", async () => {
  const sent = (query: string) =>
    ask(plane, {
      method: "POST",
      path: `/api/v1/namespaces/default/configmaps?dryRun=All&${query}`,
      headers: { "content-type": "application/yaml" },
      body: '{"metadata":{"name":"e"},"data":{"a":"b","a":"c"},\n"data":{},"foo":1}',
    });
  const lines = ['line 1: key "a" already set in map', 'line 2: key "data" already set in map'];
  assert.deepEqual((await sent("")).warnings, [...lines, 'unknown field "foo"']);
  const { message } = (await sent("fieldValidation=Strict")).json<{ message: string }>();
  assert.ok(message.endsWith(`yaml: unmarshal errors:\n  ${lines.join("\n  ")}, unknown field "foo"`), message);
});
