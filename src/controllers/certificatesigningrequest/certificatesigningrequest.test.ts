import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";
import type { CertificateSigningRequest, SubjectAccessReview } from "../../api/index.ts";
import { SeededRandom, VirtualClock } from "../../base/index.ts";
import { createAuthority, createCertificateRequest, generateKey } from "../../component/index.ts";
import { type Fixture, withControllers } from "../fixture.ts";
import { certificateApprovingController } from "./approving-controller.ts";
import { certificateCleanerController } from "./cleaner-controller.ts";
import { certificateSigningController } from "./signing-controller.ts";

const controllers = [certificateApprovingController, certificateSigningController, certificateCleanerController];
const authority = createAuthority({ commonName: "test" }, 10 * 365 * 24 * 3_600_000, {
  clock: new VirtualClock(),
  random: new SeededRandom(1),
});
const config = { signing: { certificate: authority.certificate, key: authority.key } };

function request(
  name: string,
  commonName: string,
  spec: Partial<CertificateSigningRequest["spec"]> = {},
): CertificateSigningRequest {
  const text = createCertificateRequest(generateKey(), { commonName, organizations: ["system:nodes"] });
  return {
    metadata: { name },
    spec: {
      request: Buffer.from(text).toString("base64"),
      signerName: "kubernetes.io/kube-apiserver-client-kubelet",
      usages: ["digital signature", "client auth"],
      username: "system:bootstrap:abcdef",
      ...spec,
    },
  };
}

/** Answers access reviews as an API server does. */
function allow(fixture: Fixture, allowed: (review: SubjectAccessReview) => boolean): void {
  fixture.client.react((action) => {
    if (action.resource !== "subjectaccessreviews" || action.object === undefined) return;
    const review = action.object as SubjectAccessReview;
    review.metadata.name = `review-${fixture.client.actions.length}`;
    review.status = { allowed: allowed(review) };
  });
}

test("a kubelet's request is approved if it may have it, signed, and cleaned up", async () => {
  await withControllers(
    controllers,
    async (fixture) => {
      allow(fixture, ({ spec }) => spec.user === "system:bootstrap:abcdef");
      await fixture.put("certificatesigningrequests", request("a", "system:node:a"));
      await fixture.put("certificatesigningrequests", request("b", "system:node:b", { username: "mallory" }));
      await fixture.put("certificatesigningrequests", request("c", "admin"));
      await fixture.settle();
      const { status } = fixture.get("certificatesigningrequests", "a") ?? {};
      assert.deepEqual(
        status?.conditions?.map(({ type, reason, message }) => [type, reason, message]),
        [["Approved", "AutoApproved", "Auto approving kubelet client certificate after SubjectAccessReview."]],
      );
      const certificate = new X509Certificate(Buffer.from(status?.certificate ?? "", "base64"));
      assert.match(certificate.subject, /CN=system:node:a/);
      assert.ok(certificate.verify(new X509Certificate(authority.certificate).publicKey));
      for (const name of ["b", "c"])
        assert.equal(fixture.get("certificatesigningrequests", name)?.status?.conditions, undefined, name);
      await fixture.advance(2 * 3_600_000 + 1_000);
      assert.equal(fixture.get("certificatesigningrequests", "a"), undefined);
      assert.ok(fixture.get("certificatesigningrequests", "c"));
      await fixture.advance(24 * 3_600_000);
      assert.equal(fixture.get("certificatesigningrequests", "c"), undefined);
    },
    { config },
  );
});

test("what was approved but does not fit its signer fails", async () => {
  await withControllers(
    [certificateSigningController],
    async (fixture) => {
      const approved = { status: { conditions: [{ type: "Approved", status: "True" }] } };
      await fixture.put("certificatesigningrequests", {
        ...request("a", "system:node:a", { signerName: "kubernetes.io/kubelet-serving" }),
        ...approved,
      });
      await fixture.put("certificatesigningrequests", {
        ...request("b", "b", { signerName: "kubernetes.io/kube-apiserver-client", expirationSeconds: 3600 }),
        ...approved,
      });
      await fixture.put("certificatesigningrequests", {
        ...request("c", "c", { signerName: "example.com/other" }),
        ...approved,
      });
      await fixture.settle();
      const failed = fixture.get("certificatesigningrequests", "a")?.status?.conditions?.at(-1);
      assert.deepEqual(
        [failed?.type, failed?.reason, failed?.message],
        ["Failed", "SignerValidationFailure", "DNS or IP subjectAltName is required"],
      );
      const certificate = new X509Certificate(
        Buffer.from(fixture.get("certificatesigningrequests", "b")?.status?.certificate ?? "", "base64"),
      );
      assert.equal(certificate.validToDate.getTime(), fixture.clock.now() - (fixture.clock.now() % 1000) + 3_600_000);
      assert.equal(fixture.get("certificatesigningrequests", "c")?.status?.certificate, undefined);
    },
    { config },
  );
});

test("a client's certificate is for what was asked, of which only being a client is a must", async () => {
  await withControllers(
    [certificateSigningController],
    async (fixture) => {
      const cases: Readonly<Record<string, NonNullable<CertificateSigningRequest["spec"]["usages"]>>> = {
        alone: ["client auth"],
        more: ["client auth", "digital signature"],
        without: ["digital signature"],
        server: ["client auth", "server auth"],
      };
      for (const [name, usages] of Object.entries(cases)) {
        await fixture.put("certificatesigningrequests", {
          ...request(name, "jane", { signerName: "kubernetes.io/kube-apiserver-client", usages }),
          status: { conditions: [{ type: "Approved", status: "True" }] },
        });
      }
      await fixture.settle();
      const outcome = (name: string): string => {
        const { status } = fixture.get("certificatesigningrequests", name) ?? {};
        if (status?.certificate === undefined) return status?.conditions?.at(-1)?.message ?? "";
        const { keyUsage, raw } = new X509Certificate(Buffer.from(status.certificate, "base64"));
        return `${String(keyUsage)}${raw.includes(Buffer.from("0603551d0f", "hex")) ? " with a key usage" : ""}`;
      };
      assert.deepEqual(Object.keys(cases).map(outcome), [
        "1.3.6.1.5.5.7.3.2",
        "1.3.6.1.5.5.7.3.2 with a key usage",
        "missing required usage for client certificate: client auth",
        "invalid usage for client certificate: server auth",
      ]);
    },
    { config },
  );
});
