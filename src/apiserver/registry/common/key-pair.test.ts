import assert from "node:assert/strict";
import { test } from "node:test";
import { whyNoKeyPair } from "./key-pair.ts";

const block = (type: string, content = "AA==") => `-----BEGIN ${type}-----\n${content}\n-----END ${type}-----\n`;
/** Made for this test, of no use to anyone. */
const keys = ["MC4CAQAwBQYDK2VwBCIEIKCFtRoMxBWxL8WnGO5BOlLALpEvyKlmXr0TwPsyoSqT"];
const key = block("PRIVATE KEY", keys[0]);
const certificate = block("CERTIFICATE");

test("why certificate and key are no pair is said as Go says it", () => {
  assert.equal(whyNoKeyPair("", key), "tls: failed to find any PEM data in certificate input");
  assert.equal(
    whyNoKeyPair(key, key),
    "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched",
  );
  assert.equal(
    whyNoKeyPair(block("A") + block("B"), key),
    'tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: [A B]',
  );
  assert.equal(whyNoKeyPair(certificate, "x"), "tls: failed to find any PEM data in key input");
  assert.equal(
    whyNoKeyPair(certificate, certificate),
    "tls: found a certificate rather than a key in the PEM for the private key",
  );
  assert.equal(
    whyNoKeyPair(certificate, block("EC PARAMETERS")),
    'tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: [EC PARAMETERS]',
  );
  assert.equal(whyNoKeyPair(certificate, key), "x509: malformed certificate");
});

test("a long text of beginnings without ends takes no long time", { timeout: 5_000 }, () => {
  assert.notEqual(whyNoKeyPair("-----BEGIN X-----\n".repeat(50_000), key), undefined);
});
