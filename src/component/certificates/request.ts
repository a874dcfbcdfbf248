import { createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { signatureAlgorithm } from "./certificate.ts";
import { bits, context, fromPem, integer, type Node, octets, oid, pem, read, readOid, sequence, set } from "./der.ts";
import {
  type AlternativeNames,
  decodeAlternativeNames,
  decodeSubject,
  encodeAlternativeNames,
  encodeSubject,
  type Subject,
} from "./names.ts";

const extensionRequest = "1.2.840.113549.1.9.14";
const alternativeNames = "2.5.29.17";

export interface CertificateRequest {
  readonly subject: Subject;
  readonly names: Required<AlternativeNames>;
  readonly publicKey: KeyObject;
}

/** A PKCS #10 request (RFC 2986), PEM. */
export function createCertificateRequest(
  key: { readonly privateKey: KeyObject; readonly publicKey: KeyObject },
  subject: Subject,
  names?: AlternativeNames,
): string {
  const extensions =
    names === undefined
      ? Buffer.alloc(0)
      : sequence(
          oid(extensionRequest),
          set(sequence(sequence(oid(alternativeNames), octets(encodeAlternativeNames(names))))),
        );
  const body = sequence(
    integer(Buffer.from([0])),
    encodeSubject(subject),
    key.publicKey.export({ type: "spki", format: "der" }),
    context(0, extensions),
  );
  return pem(
    "CERTIFICATE REQUEST",
    sequence(body, signatureAlgorithm(key.privateKey), bits(sign("sha256", body, key.privateKey))),
  );
}

/** Throws with a plain sentence when the text is not a request or its signature does not fit its key. */
export function parseCertificateRequest(text: string): CertificateRequest {
  const der = fromPem("CERTIFICATE REQUEST", text);
  if (der === undefined) throw new Error("PEM block type must be CERTIFICATE REQUEST");
  const [outer] = read(der);
  const [body, algorithm, signature] = read(outer?.content ?? Buffer.alloc(0));
  if (body === undefined || algorithm === undefined || signature === undefined)
    throw new Error("asn1: structure error: not a certificate request");
  const [, subject, spki, attributes] = read(body.content);
  if (subject === undefined || spki === undefined) throw new Error("asn1: structure error: not a certificate request");
  const publicKey = createPublicKey({ key: spki.raw, format: "der", type: "spki" });
  if (!verify(digestOf(algorithm), body.raw, publicKey, signature.content.subarray(1))) {
    throw new Error("x509: signature over certificate request does not verify");
  }
  return { subject: decodeSubject(subject), names: namesOf(attributes), publicKey };
}

function digestOf(algorithm: Node): string | null {
  const id = read(algorithm.content)[0];
  switch (id === undefined ? "" : readOid(id)) {
    case "1.2.840.10045.4.3.2":
    case "1.2.840.113549.1.1.11":
      return "sha256";
    case "1.2.840.10045.4.3.3":
    case "1.2.840.113549.1.1.12":
      return "sha384";
    case "1.2.840.10045.4.3.4":
    case "1.2.840.113549.1.1.13":
      return "sha512";
    case "1.3.101.112":
      return null;
    default:
      throw new Error("x509: cannot verify signature: algorithm unimplemented");
  }
}

function namesOf(attributes: Node | undefined): Required<AlternativeNames> {
  for (const attribute of attributes === undefined ? [] : read(attributes.content)) {
    const [type, values] = read(attribute.content);
    if (type === undefined || values === undefined || readOid(type) !== extensionRequest) continue;
    for (const extension of read(read(values.content)[0]?.content ?? Buffer.alloc(0))) {
      const parts = read(extension.content);
      const value = parts.at(-1);
      if (parts[0] !== undefined && value !== undefined && readOid(parts[0]) === alternativeNames) {
        return decodeAlternativeNames(value.content);
      }
    }
  }
  return { dnsNames: [], ipAddresses: [], emailAddresses: [], uris: [] };
}
