import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAuthenticationConfig } from "./index.ts";

const issuer = { url: "https://issuer.example.test", audiences: ["a"] };
const username = { claim: "sub", prefix: "" };

function parse(jwt: readonly unknown[], more: object = {}) {
  const head = { apiVersion: "apiserver.config.k8s.io/v1", kind: "AuthenticationConfiguration" };
  return parseAuthenticationConfig(JSON.stringify({ ...head, jwt, ...more }));
}

function refusal(jwt: readonly unknown[], more: object = {}): string {
  try {
    parse(jwt, more);
  } catch (error) {
    return error instanceof Error ? error.message : "";
  }
  return "";
}

function userOf(mappings: object, claims: Record<string, unknown>) {
  const { issuers } = parse([{ issuer, claimMappings: mappings }]);
  return issuers[0]?.userOf(claims);
}

test("claims become users, with their prefixes", () => {
  const groups = { claim: "groups", prefix: "g:" };
  assert.deepEqual(userOf({ username: { claim: "sub", prefix: "u:" }, groups }, { sub: "ann", groups: ["x", "y"] }), {
    name: "u:ann",
    groups: ["g:x", "g:y"],
  });
  assert.deepEqual(userOf({ username, groups }, { sub: "ann", groups: "x" })?.groups, ["g:x"]);
  assert.deepEqual(userOf({ username, groups }, { sub: "ann" })?.groups, []);
  assert.throws(() => userOf({ username }, {}), /parse username claims "sub"/);
  const email = { username: { claim: "email", prefix: "" } };
  assert.throws(() => userOf(email, { email: "a@b", email_verified: false }), /email not verified/);
  assert.equal(userOf(email, { email: "a@b", email_verified: true })?.name, "a@b");
});

test("a name that is nothing, or an expression that fails, is nobody's", () => {
  assert.throws(() => userOf({ username: { expression: "claims.sub" } }, { sub: "" }), /evaluated to an empty string/);
  assert.throws(() => userOf({ username: { expression: "claims.sub" } }, {}), /no such key: sub/);
  assert.throws(() => userOf({ username: { expression: "claims.sub" } }, { sub: 1 }), /expected a string/);
});

test("what upstream refuses in such a file is refused in its words", () => {
  const claimMappings = { username };
  assert.equal(
    refusal([{ issuer: { ...issuer, url: "" }, claimMappings }]),
    "invalid authentication configuration: jwt[0].issuer.url: Required value",
  );
  assert.match(
    refusal([{ issuer: { ...issuer, url: "http://x" }, claimMappings }]),
    /jwt\[0\]\.issuer\.url: Invalid value: "http:\/\/x": URL scheme must be https/,
  );
  assert.match(
    refusal([{ issuer: { ...issuer, audiences: [] }, claimMappings }]),
    /audiences: Required value: at least one/,
  );
  assert.match(
    refusal([{ issuer: { ...issuer, audiences: ["a", "b"] }, claimMappings }]),
    /audienceMatchPolicy must be MatchAny for multiple audiences/,
  );
  const twice = [0, 1].map(() => ({ issuer, claimMappings }));
  assert.match(refusal(twice), /jwt\[1\]\.issuer\.url: Duplicate value/);
  assert.match(refusal([{ issuer }]), /claimMappings\.username: Required value: claim or expression is required/);
  assert.match(
    refusal([{ issuer, claimMappings: { username: { claim: "sub" } } }]),
    /prefix is required when claim is set/,
  );
  assert.match(
    refusal([{ issuer, claimMappings: { username: { expression: "1" } } }]),
    /username\.expression: Invalid value: "1": must evaluate to string/,
  );
  assert.match(
    refusal([{ issuer, claimMappings: { username: { expression: "claims.email" } } }]),
    /claims\.email_verified must be used in claimMappings\.username\.expression/,
  );
  const extra = [{ key: "kubernetes.io/x", valueExpression: "claims.x" }];
  assert.match(refusal([{ issuer, claimMappings: { username, extra } }]), /are reserved for Kubernetes use/);
  assert.match(refusal([{ issuer, claimMappings, nope: 1 }]), /strict decoding error: unknown field "jwt\[0\]\.nope"/);
  const anonymous = { enabled: false, conditions: [{ path: "/x" }] };
  assert.match(refusal([], { anonymous }), /enabled should be set to true when conditions are defined/);
});

test("all that is wrong is told at once, URLs in the words of Go's parser", () => {
  const claimMappings = { username };
  const of = (more: object) => refusal([{ issuer: { ...issuer, ...more }, claimMappings }]);
  const url = (text: string) => /"jwt.*|parse .*|URL .*/.exec(of({ url: text }))?.[0];
  assert.equal(url("https://[::1"), `parse "https://[::1": missing ']' in host`);
  assert.equal(url("https://%zz"), 'parse "https://%zz": invalid URL escape "%zz"');
  assert.equal(url("::bad"), 'parse "::bad": missing protocol scheme');
  assert.equal(url("https://a.test:99x/"), 'parse "https://a.test:99x/": invalid port ":99x" after host');
  assert.equal(url("not a url"), "URL scheme must be https");
  assert.equal(
    of({ discoveryURL: "https://issuer.example.test/" }).split(": ").at(-1),
    "discoveryURL must be different from URL",
  );
  assert.match(
    of({ audiences: ["a", "", "a"], audienceMatchPolicy: "MatchAny" }),
    /audiences\[1\]: Required value, .*audiences\[2\]: Duplicate value: "a"/,
  );
  assert.match(of({ audienceMatchPolicy: "MatchAll" }), /must be empty or MatchAny for single audience/);
  assert.match(
    of({ certificateAuthority: "x" }),
    /Invalid value: "<omitted>": data does not contain any valid RSA or ECDSA/,
  );
  assert.match(of({ egressSelectorType: "etcd" }), /egress selector must be either controlplane or cluster/);
  const extra = [{ key: "A", valueExpression: "" }];
  assert.match(
    refusal([{ issuer, claimMappings: { username, extra } }]),
    /must be a domain-prefixed path .*"A": must be lowercase, .*valueExpression: Required value\]$/,
  );
  const rules = [{ claim: "a", message: "m" }, { claim: "a" }, { expression: "true", requiredValue: "x" }];
  assert.match(
    refusal([{ issuer, claimMappings, claimValidationRules: rules }]),
    /\[0\]\.message: .* claim is set, .*\[1\]\.claim: Duplicate value: "a", .*requiredValue: .* expression is set/,
  );
});
