import assert from "node:assert/strict";
import { test } from "node:test";
import type { UserInfo } from "../request/contract.ts";
import type { AuthorizationAttributes } from "./contract.ts";
import { abacAuthorizer } from "./index.ts";

const signal = new AbortController().signal;
const ann: UserInfo = { name: "ann", groups: ["team", "system:authenticated"] };
const stranger: UserInfo = { name: "system:anonymous", groups: ["system:unauthenticated"] };

const policy = (spec: object): string =>
  JSON.stringify({ apiVersion: "abac.authorization.kubernetes.io/v1beta1", kind: "Policy", spec });

async function decision(lines: string, user: UserInfo, more: Partial<AuthorizationAttributes> = {}): Promise<string> {
  const attributes: AuthorizationAttributes = {
    user,
    verb: "get",
    isResourceRequest: true,
    path: "",
    apiGroup: "",
    apiVersion: "v1",
    namespace: "default",
    resource: "pods",
    subresource: "",
    name: "",
    ...more,
  };
  return (await abacAuthorizer("/p", lines).authorize(attributes, signal)).decision;
}

test("a policy is for the user and the group it names, and all of its own fields", async () => {
  const reads = policy({ user: "ann", namespace: "default", resource: "pods", apiGroup: "*", readonly: true });
  assert.equal(await decision(reads, ann), "allow");
  assert.equal(await decision(reads, ann, { verb: "delete" }), "no-opinion");
  assert.equal(await decision(reads, ann, { namespace: "other" }), "no-opinion");
  assert.equal(await decision(reads, ann, { resource: "secrets" }), "no-opinion");
  assert.equal(await decision(reads, stranger), "no-opinion");
  const both = { namespace: "*", resource: "*", apiGroup: "*" };
  assert.equal(await decision(policy({ user: "ann", group: "other", ...both }), ann), "no-opinion");
  assert.equal(await decision(policy({ group: "team", ...both }), ann, { verb: "delete" }), "allow");
  assert.equal(await decision(policy({ ...both }), ann), "no-opinion", "a policy for nobody");
});

test("a star for the user means users that are known", async () => {
  const all = policy({ user: "*", namespace: "*", resource: "*", apiGroup: "*" });
  assert.equal(await decision(all, ann), "allow");
  assert.equal(await decision(all, stranger), "no-opinion");
});

test("paths are matched exactly, by their beginning, or all", async () => {
  const path = { isResourceRequest: false, resource: "", namespace: "" };
  const lines =
    policy({ user: "ann", nonResourcePath: "/metrics" }) + "\n" + policy({ user: "ann", nonResourcePath: "/debug*" });
  assert.equal(await decision(lines, ann, { ...path, path: "/metrics" }), "allow");
  assert.equal(await decision(lines, ann, { ...path, path: "/metrics/x" }), "no-opinion");
  assert.equal(await decision(lines, ann, { ...path, path: "/debug/pprof" }), "allow");
});

test("lines from before versions were are read, and what is no policy is refused with its place", async () => {
  assert.equal(await decision('{"user":"ann"}', ann, { verb: "delete", apiGroup: "apps" }), "allow");
  assert.equal(
    await decision('{"user":"ann","resource":"pods","readonly":true}', ann, { verb: "update" }),
    "no-opinion",
  );
  assert.equal(await decision("{}", ann), "allow");
  assert.throws(
    () => abacAuthorizer("/p", "# fine\n\n{nope}"),
    /^Error: error reading policy file \/p, line 3: \{nope\}: /,
  );
  assert.throws(() => abacAuthorizer("/p", '{"apiVersion":"x/v1","kind":"Policy"}'), /line 1/);
});

test("the rules of a user are told", () => {
  const authorizer = abacAuthorizer(
    "/p",
    policy({ user: "ann", namespace: "default", resource: "pods", readonly: true }),
  );
  assert.deepEqual(authorizer.rulesFor(ann, "default").resourceRules, [
    { verbs: ["get", "list", "watch"], apiGroups: [""], resources: ["pods"] },
  ]);
  assert.deepEqual(authorizer.rulesFor(ann, "other").resourceRules, []);
});
