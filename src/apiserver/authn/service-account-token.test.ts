import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { describe, it } from "node:test";
import { SeededRandom, VirtualClock } from "../../base/index.ts";
import { ServiceAccountTokens, type TokenObjects } from "./service-account-token.ts";
import { anonymousAuthenticator, unionAuthenticator } from "../../component/index.ts";
import { serviceAccountAuthenticator } from "./service-account-token.ts";

function setUp(type: "rsa" | "ec" = "ec") {
  const clock = new VirtualClock(1_800_000_000_000);
  const pair =
    type === "rsa"
      ? generateKeyPairSync("rsa", { modulusLength: 2048 })
      : generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const signingKey = pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const issuer = "https://kubernetes.default.svc.cluster.local";
  const tokens = new ServiceAccountTokens(
    { signingKey, verificationKeys: [], issuers: [issuer], audiences: [] },
    { clock, random: new SeededRandom(1) },
  );
  const live = new Map([["serviceaccounts/default/web", { uid: "u1" }]]);
  const objects: TokenObjects = { find: (resource, namespace, name) => live.get(`${resource}/${namespace}/${name}`) };
  return { clock, tokens, live, objects, issuer };
}

const request = (issuer: string) => ({
  namespace: "default",
  serviceAccount: { name: "web", uid: "u1" },
  audiences: [issuer],
  expirationSeconds: 3600,
});

describe("service account tokens", () => {
  for (const type of ["rsa", "ec"] as const) {
    it(`issues and accepts tokens signed with ${type}`, async () => {
      const { tokens, objects, issuer } = setUp(type);
      const { token } = await tokens.issue(request(issuer));
      const result = await tokens.verify(token, objects);
      assert.equal(result.type, "authenticated");
      assert.ok(result.type === "authenticated");
      assert.equal(result.user.name, "system:serviceaccount:default:web");
      assert.deepEqual(result.user.groups, ["system:serviceaccounts", "system:serviceaccounts:default"]);
    });
  }

  it("refuses expired tokens, wrong audiences, forged signatures and tokens of dead accounts", async () => {
    const { clock, tokens, live, objects, issuer } = setUp();
    const { token } = await tokens.issue(request(issuer));
    const other = setUp();
    const forged = (await other.tokens.issue(request(issuer))).token;
    assert.equal((await tokens.verify(forged, objects)).type, "rejected");
    assert.equal((await tokens.verify(token, objects, ["vault"])).type, "rejected");
    live.set("serviceaccounts/default/web", { uid: "u2" });
    assert.equal((await tokens.verify(token, objects)).type, "rejected");
    live.set("serviceaccounts/default/web", { uid: "u1" });
    assert.equal((await tokens.verify(token, objects)).type, "authenticated");
    await clock.advance(3_601_000);
    assert.deepEqual(await tokens.verify(token, objects), {
      type: "rejected",
      message: "service account token has expired",
    });
  });

  it("leaves strangers' tokens to others, and nobody's token is not anonymous", async () => {
    const { tokens, objects } = setUp();
    const union = unionAuthenticator([serviceAccountAuthenticator(tokens, objects)], anonymousAuthenticator);
    const signal = new AbortController().signal;
    const ask = (authorization?: string) =>
      union.authenticate({ headers: { authorization }, clientCertificates: [], remoteAddress: "" }, signal);
    assert.deepEqual(await ask("Bearer nonsense"), { type: "rejected", message: "invalid bearer token" });
    const anonymous = await ask();
    assert.ok(anonymous.type === "authenticated");
    assert.equal(anonymous.user.name, "system:anonymous");
  });
});
