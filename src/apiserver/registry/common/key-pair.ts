import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { goList } from "../../../apimachinery/index.ts";
import { pemBlocks } from "../../../component/index.ts";

/** Why a certificate and a key in PEM do not serve together, in the words of Go's `tls.X509KeyPair`. */
export function whyNoKeyPair(certificatePem: string, keyPem: string): string | undefined {
  const inCertificate = pemBlocks(certificatePem);
  const inKey = pemBlocks(keyPem);
  const certificate = inCertificate.find(({ type }) => type === "CERTIFICATE");
  if (certificate === undefined) return whyNoCertificate(inCertificate.map(({ type }) => type));
  const key = inKey.find(({ type }) => type === "PRIVATE KEY" || type.endsWith(" PRIVATE KEY"));
  if (key === undefined) return whyNoKey(inKey.map(({ type }) => type));
  const parsed = parsedCertificate(certificate.text);
  if (parsed === undefined) return "x509: malformed certificate";
  return whyNoMatch(parsed, parsedKey(key.text));
}

function whyNoCertificate(skipped: readonly string[]): string {
  if (skipped.length === 0) return "tls: failed to find any PEM data in certificate input";
  if (skipped.length === 1 && skipped[0]?.endsWith("PRIVATE KEY") === true) {
    return "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched";
  }
  return `tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: ${goList(skipped)}`;
}

function whyNoKey(skipped: readonly string[]): string {
  if (skipped.length === 0) return "tls: failed to find any PEM data in key input";
  if (skipped.length === 1 && skipped[0] === "CERTIFICATE") {
    return "tls: found a certificate rather than a key in the PEM for the private key";
  }
  return `tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: ${goList(skipped)}`;
}

function whyNoMatch(certificate: X509Certificate, key: KeyObject | undefined): string | undefined {
  if (key === undefined) return "tls: failed to parse private key";
  if (certificate.checkPrivateKey(key)) return undefined;
  return certificate.publicKey.asymmetricKeyType === key.asymmetricKeyType
    ? "tls: private key does not match public key"
    : "tls: private key type does not match public key type";
}

function parsedCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function parsedKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}
