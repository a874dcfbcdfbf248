import assert from "node:assert/strict";
import { test } from "node:test";
import { checkLegacyToken, type LegacyTokenObjects, type TokenAccount, type TokenSecret } from "./legacy-token.ts";

const prefix = "kubernetes.io/serviceaccount/";
const payload = {
  sub: "system:serviceaccount:default:web",
  [`${prefix}namespace`]: "default",
  [`${prefix}secret.name`]: "web-token",
  [`${prefix}service-account.name`]: "web",
  [`${prefix}service-account.uid`]: "u1",
};

function judge(
  changes: {
    readonly secret?: Partial<TokenSecret>;
    readonly account?: Partial<TokenAccount>;
    readonly claims?: Record<string, string>;
    readonly isMissing?: boolean;
  } = {},
) {
  const uses: string[] = [];
  const { secret, account, claims, isMissing } = changes;
  const objects: LegacyTokenObjects = {
    secret: () => (isMissing ? undefined : { token: "t", labels: {}, isDeleted: false, ...secret }),
    account: () => ({ uid: "u1", isDeleted: false, secrets: [], ...account }),
    used: (namespace, name, use) => uses.push(`${namespace}/${name} ${use}`),
  };
  const result = checkLegacyToken("t", { ...payload, ...claims }, objects, ["api"]);
  return { result, uses, message: result.type === "rejected" ? result.message : result.type };
}

test("a token of a secret is its service account while both are there, and its use is noted", () => {
  const { result, uses } = judge();
  assert.ok(result.type === "authenticated");
  assert.deepEqual([result.user.name, result.user.uid], ["system:serviceaccount:default:web", "u1"]);
  assert.deepEqual(result.remarks, {
    warnings: [],
    auditAnnotations: { "authentication.k8s.io/legacy-token-manual-secret": "web-token" },
  });
  assert.deepEqual(uses, ["default/web-token manual"]);
  const automatic = judge({ account: { secrets: ["web-token"] } });
  assert.ok(automatic.result.type === "authenticated");
  assert.match(automatic.result.remarks?.warnings[0] ?? "", /^Use tokens from the TokenRequest API/);
  assert.deepEqual(automatic.uses, ["default/web-token automatic"]);
});

test("tokens of secrets and accounts that are gone, other or marked as invalid are refused", () => {
  assert.equal(judge({ isMissing: true }).message, "Token has been invalidated");
  assert.equal(judge({ secret: { isDeleted: true } }).message, "Token has been invalidated");
  assert.equal(judge({ secret: { token: "other" } }).message, "Token does not match server's copy");
  assert.equal(judge({ account: { isDeleted: true } }).message, "ServiceAccount default/web has been deleted");
  assert.equal(judge({ account: { uid: "u2" } }).message, "ServiceAccount UID (u2) does not match claim (u1)");
  assert.equal(judge({ claims: { sub: "system:serviceaccount:default:other" } }).message, "sub claim is invalid");
  assert.equal(judge({ claims: { [`${prefix}secret.name`]: "" } }).message, "secretName claim is missing");
  const marked = judge({ secret: { labels: { "kubernetes.io/legacy-token-invalid-since": "2030-01-01" } } });
  assert.match(marked.message, /default\/web-token for service account default\/web has been marked invalid/);
  assert.deepEqual(marked.uses, ["default/web-token invalidated"]);
});
