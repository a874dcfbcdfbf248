import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import type { Secret } from "../../api/index.ts";
import { withControllers } from "../fixture.ts";
import { bootstrapSignerController } from "./bootstrap-signer-controller.ts";
import { tokenCleanerController } from "./token-cleaner-controller.ts";

function token(id: string, more: Record<string, string> = {}): Secret {
  const fields = { "token-id": id, "token-secret": "0123456789abcdef", "usage-bootstrap-signing": "true", ...more };
  const data = Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [key, Buffer.from(value).toString("base64")]),
  );
  return {
    metadata: { name: `bootstrap-token-${id}`, namespace: "kube-system" },
    type: "bootstrap.kubernetes.io/token",
    data,
  };
}

test("every token signs the public kubeconfig until it ends, and is then deleted", async () => {
  await withControllers([bootstrapSignerController, tokenCleanerController], async (fixture) => {
    await fixture.put("configmaps", {
      metadata: { name: "cluster-info", namespace: "kube-public" },
      data: { kubeconfig: "text" },
    });
    await fixture.put("secrets", token("aaaaaa"), token("bbbbbb", { expiration: "2026-01-01T00:01:00Z" }));
    await fixture.put("secrets", token("cccccc", { "usage-bootstrap-signing": "false" }));
    await fixture.settle();
    const keys = (): string[] => Object.keys(fixture.get("configmaps", "kube-public/cluster-info")?.data ?? {}).sort();
    assert.deepEqual(keys(), ["jws-kubeconfig-aaaaaa", "jws-kubeconfig-bbbbbb", "kubeconfig"]);
    const [header = "", payload, signature] = (
      fixture.get("configmaps", "kube-public/cluster-info")?.data?.["jws-kubeconfig-aaaaaa"] ?? ""
    ).split(".");
    assert.equal(payload, "");
    const signed = `${header}.${Buffer.from("text").toString("base64url")}`;
    assert.equal(signature, createHmac("sha256", "aaaaaa.0123456789abcdef").update(signed).digest("base64url"));
    await fixture.advance(61_000);
    assert.equal(fixture.get("secrets", "kube-system/bootstrap-token-bbbbbb"), undefined);
    assert.deepEqual(keys(), ["jws-kubeconfig-aaaaaa", "kubeconfig"]);
  });
});
