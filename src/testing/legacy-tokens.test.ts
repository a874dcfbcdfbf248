import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { copyOf } from "../client/index.ts";
import { withVirtualCluster } from "./index.ts";

const keys = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
const serviceAccountKey = keys.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const tracking = "kube-apiserver-legacy-service-account-token-tracking";
const minuteMs = 60_000;

interface Review {
  readonly status: { readonly authenticated?: boolean; readonly user?: { readonly username?: string } };
}

test("a token in a secret is known, its use is noted, and it ends with the secret or its mark", () => {
  const serviceAccounts = {
    signingKey: serviceAccountKey,
    verificationKeys: [],
    issuers: ["https://issuer"],
    audiences: [],
  };
  return withVirtualCluster(
    async ({ api, client, clock }) => {
      const maps = api.configmaps.namespace("kube-system");
      const since = async () => (await maps.get(tracking)).data?.["since"];
      assert.equal(await since(), "2030-01-01");
      await maps.update({ ...copyOf(await maps.get(tracking)), data: { since: "never" } });
      await clock.advance(1_000);
      assert.equal(await since(), "2030-01-01");

      const secrets = api.secrets.namespace("default");
      const annotations = { "kubernetes.io/service-account.name": "default" };
      const type = "kubernetes.io/service-account-token";
      await secrets.create({ metadata: { name: "token", annotations }, type });
      await clock.advance(1_000);
      const token = Buffer.from((await secrets.get("token")).data?.["token"] ?? "", "base64").toString();
      const review = async (): Promise<Review["status"]> => {
        const body = JSON.stringify({ apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token } });
        const headers = { "content-type": "application/json" };
        const path = "/apis/authentication.k8s.io/v1/tokenreviews";
        const answer = await clock.resolve(client.raw({ method: "POST", path, headers, body }));
        return (JSON.parse(new TextDecoder().decode(answer.body)) as Review).status;
      };
      assert.equal((await review()).user?.username, "system:serviceaccount:default:default");
      await clock.advance(1_000);
      const { labels } = (await secrets.get("token")).metadata;
      assert.deepEqual(labels, { "kubernetes.io/legacy-token-last-used": "2030-01-01" });
      const mark = { "kubernetes.io/legacy-token-invalid-since": "2030-01-01" };
      await secrets.patch("token", { type: "merge", body: { metadata: { labels: mark } } });
      assert.equal((await review()).authenticated ?? false, false);
      await secrets.delete("token");
      assert.equal((await review()).authenticated ?? false, false);

      await maps.delete(tracking);
      await clock.advance(31 * minuteMs);
      assert.equal(await since(), "2030-01-01");
    },
    {
      startMs: Date.parse("2030-01-01T12:00:00Z"),
      serviceAccounts,
      config: { serviceAccountKey, rootCa: "PEM" },
      enabled: ["serviceaccount-controller"],
      scheduler: false,
    },
  );
});
