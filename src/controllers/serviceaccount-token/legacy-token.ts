import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";
import type { Secret, ServiceAccount } from "../../api/index.ts";

/** Signs tokens that do not expire, for secrets. */
export interface LegacyTokenSigner {
  sign(account: ServiceAccount, secret: Secret): string;
}

const algorithms: Readonly<Record<string, readonly [name: string, hash: string]>> = {
  prime256v1: ["ES256", "sha256"],
  secp384r1: ["ES384", "sha384"],
  secp521r1: ["ES512", "sha512"],
};

/** `key` is PEM, RSA or ECDSA. Throws for what is neither. */
export function legacyTokenSigner(key: string): LegacyTokenSigner {
  const privateKey = createPrivateKey(key);
  const [algorithm, hash] = algorithmOf(privateKey);
  const header = encode({ alg: algorithm, kid: keyId(createPublicKey(privateKey)) });
  return {
    sign(account, secret) {
      const { namespace = "", name = "", uid = "" } = account.metadata;
      const prefix = "kubernetes.io/serviceaccount/";
      const claims = {
        iss: "kubernetes/serviceaccount",
        [`${prefix}namespace`]: namespace,
        [`${prefix}secret.name`]: secret.metadata.name ?? "",
        [`${prefix}service-account.name`]: name,
        [`${prefix}service-account.uid`]: uid,
        sub: `system:serviceaccount:${namespace}:${name}`,
      };
      const signed = `${header}.${encode(claims)}`;
      const signature = sign(hash, Buffer.from(signed), { key: privateKey, dsaEncoding: "ieee-p1363" });
      return `${signed}.${signature.toString("base64url")}`;
    },
  };
}

function algorithmOf(key: KeyObject): readonly [name: string, hash: string] {
  if (key.asymmetricKeyType === "rsa") return ["RS256", "sha256"];
  const found = algorithms[key.asymmetricKeyDetails?.namedCurve ?? ""];
  if (found === undefined) throw new Error("service accounts' tokens are signed with RSA or ECDSA keys");
  return found;
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** Upstream's key id: base64url of SHA-256 over the DER public key. */
function keyId(key: KeyObject): string {
  const der = key.export({ type: "spki", format: "der" });
  return createHash("sha256").update(der).digest("base64url");
}
