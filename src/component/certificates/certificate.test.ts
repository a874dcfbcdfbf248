import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { describe, it } from "node:test";
import { createRealPlatform } from "../../base/index.ts";
import { CertificateAuthority, createAuthority, generateKey, type KeyUsage } from "./certificate.ts";
import { createCertificateRequest, parseCertificateRequest } from "./request.ts";

const platform = createRealPlatform();
const dayMs = 86_400_000;

function authority(): CertificateAuthority {
  const { certificate, key } = createAuthority({ commonName: "kubernetes" }, 10 * dayMs, platform);
  return new CertificateAuthority(certificate, createPrivateKey(key), platform);
}

describe("certificates", () => {
  it("issues leaves that verify against their CA and carry names, usages and groups", () => {
    const ca = authority();
    const { certificate } = ca.issue({
      subject: { commonName: "kube-apiserver", organizations: ["system:masters", "two"] },
      validityMs: 100 * dayMs,
      usages: ["server auth"],
      names: { dnsNames: ["kubernetes", "localhost"], ipAddresses: ["127.0.0.1", "fd00::1"] },
    });
    const leaf = new X509Certificate(certificate);
    const root = new X509Certificate(ca.certificate);
    assert.ok(root.ca);
    assert.ok(!leaf.ca);
    assert.ok(leaf.checkIssued(root));
    assert.ok(leaf.verify(root.publicKey));
    assert.equal(leaf.subject, "O=system:masters\nO=two\nCN=kube-apiserver");
    assert.equal(leaf.checkHost("localhost"), "localhost");
    assert.equal(leaf.checkIP("127.0.0.1"), "127.0.0.1");
    assert.equal(leaf.checkIP("fd00::1"), "fd00::1");
    assert.deepEqual(leaf.keyUsage, ["1.3.6.1.5.5.7.3.1"]);
    assert.ok(leaf.validToDate.getTime() <= root.validToDate.getTime(), "a leaf never outlives its CA");
  });

  it("lets a key do what it is asked for, and nothing else", () => {
    const keyUsageOf = (keyUsages: readonly KeyUsage[]): string | undefined => {
      const template = { subject: { commonName: "a" }, validityMs: dayMs, usages: ["s/mime"] as const, keyUsages };
      const leaf = new X509Certificate(authority().issue(template).certificate);
      assert.deepEqual(leaf.keyUsage, ["1.3.6.1.5.5.7.3.4"]);
      // id-ce-keyUsage, critical, octets of a bit string.
      return /0603551d0f0101ff04..(03[0-9a-f]{6,8}?)30/.exec(leaf.raw.toString("hex"))?.[1];
    };
    assert.equal(keyUsageOf([]), undefined);
    assert.equal(keyUsageOf(["digital signature"]), "03020780");
    assert.equal(keyUsageOf(["signing", "key encipherment"]), "030205a0");
    assert.equal(keyUsageOf(["key agreement", "decipher only"]), "0303070880");
  });

  it("reads back the requests it makes, and refuses forged ones", () => {
    const names = { dnsNames: ["node-1"], ipAddresses: ["10.0.0.1"] };
    const subject = { commonName: "system:node:node-1", organizations: ["system:nodes"] };
    const text = createCertificateRequest(generateKey(), subject, names);
    const request = parseCertificateRequest(text);
    assert.deepEqual(request.subject, subject);
    assert.deepEqual(request.names.dnsNames, ["node-1"]);
    assert.deepEqual(request.names.ipAddresses, ["10.0.0.1"]);
    const der = Buffer.from(text.replace(/-----[^-]+-----|\s/g, ""), "base64");
    const at = der.indexOf("node-1");
    der[at] = "x".charCodeAt(0);
    const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString("base64")}\n-----END CERTIFICATE REQUEST-----\n`;
    assert.throws(() => parseCertificateRequest(forged), /does not verify/);
    assert.throws(() => parseCertificateRequest("nonsense"), /PEM block type must be CERTIFICATE REQUEST/);
  });
});
