import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { test } from "node:test";
import type { Secret } from "../../api/index.ts";
import { withControllers } from "../fixture.ts";
import { serviceAccountTokenController } from "./serviceaccount-token-controller.ts";

const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
const serviceAccountKey = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const config = { serviceAccountKey, rootCa: "PEM" };

function secret(name: string, account: string, data: Record<string, string> = {}): Secret {
  const annotations = { "kubernetes.io/service-account.name": account };
  return {
    type: "kubernetes.io/service-account-token",
    metadata: { name, namespace: "default", annotations },
    data,
  };
}

const decoded = (text = ""): string => Buffer.from(text, "base64").toString();

test("secrets get the token of their service account, and go with it", async () => {
  await withControllers(
    [serviceAccountTokenController],
    async (fixture) => {
      await fixture.put("serviceaccounts", { metadata: { name: "web", namespace: "default" } });
      await fixture.put("secrets", secret("web-token", "web"), secret("orphan", "nobody"));
      await fixture.settle();
      const made = fixture.get("secrets", "default/web-token");
      assert.equal(made?.metadata.annotations?.["kubernetes.io/service-account.uid"], "uid-web");
      assert.deepEqual([decoded(made?.data?.["ca.crt"]), decoded(made?.data?.["namespace"])], ["PEM", "default"]);
      const [header = "", claims = "", signature = ""] = decoded(made?.data?.["token"]).split(".");
      const key = { key: createPublicKey(privateKey), dsaEncoding: "ieee-p1363" as const };
      assert.ok(verify("sha256", Buffer.from(`${header}.${claims}`), key, Buffer.from(signature, "base64url")));
      assert.deepEqual(JSON.parse(decoded(claims)), {
        iss: "kubernetes/serviceaccount",
        "kubernetes.io/serviceaccount/namespace": "default",
        "kubernetes.io/serviceaccount/secret.name": "web-token",
        "kubernetes.io/serviceaccount/service-account.name": "web",
        "kubernetes.io/serviceaccount/service-account.uid": "uid-web",
        sub: "system:serviceaccount:default:web",
      });
      assert.equal(fixture.get("secrets", "default/orphan"), undefined, "its account is not there");
      await fixture.remove("serviceaccounts", "default/web");
      await fixture.settle();
      assert.equal(fixture.get("secrets", "default/web-token"), undefined);
    },
    { config },
  );
});

test("an account forgets the secret that was deleted; what a secret has stays, but for another authority", async () => {
  await withControllers(
    [serviceAccountTokenController],
    async (fixture) => {
      const secrets = [{ name: "web-token" }, { name: "other" }];
      await fixture.put("serviceaccounts", { metadata: { name: "web", namespace: "default" }, secrets });
      const kept = { token: "dA==", namespace: "bg==", "ca.crt": "b2xk" };
      await fixture.put("secrets", secret("web-token", "web", kept));
      await fixture.settle();
      const data = fixture.get("secrets", "default/web-token")?.data;
      assert.deepEqual(data, { ...kept, "ca.crt": Buffer.from("PEM").toString("base64") });
      await fixture.remove("secrets", "default/web-token");
      await fixture.settle();
      assert.deepEqual(fixture.get("serviceaccounts", "default/web")?.secrets, [{ name: "other" }]);
    },
    { config },
  );
});
