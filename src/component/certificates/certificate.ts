import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign, X509Certificate } from "node:crypto";
import type { Clock, Random } from "../../base/index.ts";
import {
  bits,
  boolean,
  context,
  contextPrimitive,
  integer,
  octets,
  oid,
  pem,
  read,
  sequence,
  time,
  tlv,
} from "./der.ts";
import { type AlternativeNames, encodeAlternativeNames, encodeSubject, type Subject } from "./names.ts";

/** What a key is for, under the names of the API of certificates: RFC 5280 §4.2.1.12 and what vendors added to it. */
export type Usage = keyof typeof usageOids;
/** What a key may do (RFC 5280 §4.2.1.3), by the number of its bit. */
export type KeyUsage = keyof typeof keyUsageBits;

const keyUsageBits = {
  "digital signature": 0,
  signing: 0,
  "content commitment": 1,
  "key encipherment": 2,
  "data encipherment": 3,
  "key agreement": 4,
  "cert sign": 5,
  "crl sign": 6,
  "encipher only": 7,
  "decipher only": 8,
} as const;

const usageOids = {
  any: "2.5.29.37.0",
  "server auth": "1.3.6.1.5.5.7.3.1",
  "client auth": "1.3.6.1.5.5.7.3.2",
  "code signing": "1.3.6.1.5.5.7.3.3",
  "email protection": "1.3.6.1.5.5.7.3.4",
  "s/mime": "1.3.6.1.5.5.7.3.4",
  "ipsec end system": "1.3.6.1.5.5.7.3.5",
  "ipsec tunnel": "1.3.6.1.5.5.7.3.6",
  "ipsec user": "1.3.6.1.5.5.7.3.7",
  timestamping: "1.3.6.1.5.5.7.3.8",
  "ocsp signing": "1.3.6.1.5.5.7.3.9",
  "microsoft sgc": "1.3.6.1.4.1.311.10.3.3",
  "netscape sgc": "2.16.840.1.113730.4.1",
} as const;

/** Certificates are valid from a little before they are made, for clocks that lag. */
const backdateMs = 5 * 60_000;

const oids = {
  ecdsaSha256: "1.2.840.10045.4.3.2",
  rsaSha256: "1.2.840.113549.1.1.11",
  subjectKeyId: "2.5.29.14",
  keyUsage: "2.5.29.15",
  alternativeNames: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyId: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
} as const;

export function isUsage(text: string): text is Usage {
  return Object.hasOwn(usageOids, text);
}

export function isKeyUsage(text: string): text is KeyUsage {
  return Object.hasOwn(keyUsageBits, text);
}

export interface CertificateTemplate {
  readonly subject: Subject;
  readonly publicKey: KeyObject;
  readonly validityMs: number;
  readonly usages: readonly Usage[];
  /** Default: digital signature and key encipherment. */
  readonly keyUsages?: readonly KeyUsage[];
  readonly names?: AlternativeNames;
}

export interface KeyedCertificate {
  /** PEM. */
  readonly certificate: string;
  /** PEM, PKCS #8. */
  readonly key: string;
}

/** P-256: fast to make and to check, accepted by every Kubernetes client. */
export function generateKey(): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  return generateKeyPairSync("ec", { namedCurve: "prime256v1" });
}

export function privateKeyPem(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

/** Signs certificates with one CA key. */
export class CertificateAuthority {
  readonly certificate: string;
  readonly #x509: X509Certificate;
  readonly #key: KeyObject;
  readonly #platform: { readonly clock: Clock; readonly random: Random };

  constructor(certificate: string, key: KeyObject, platform: { readonly clock: Clock; readonly random: Random }) {
    this.certificate = certificate;
    this.#x509 = new X509Certificate(certificate);
    this.#key = key;
    this.#platform = platform;
  }

  get expiresMs(): number {
    return this.#x509.validToDate.getTime();
  }

  /** Never outlives the CA. */
  sign(template: CertificateTemplate): string {
    const now = this.#platform.clock.now();
    const { keyUsages = ["digital signature", "key encipherment"] } = template;
    const purposes = [...new Set(template.usages.map((usage) => usageOids[usage]))];
    const extensions = [
      ...(keyUsages.length === 0 ? [] : [extension(oids.keyUsage, encodeKeyUsages(keyUsages), true)]),
      ...(purposes.length === 0 ? [] : [extension(oids.extendedKeyUsage, sequence(...purposes.map(oid)))]),
      extension(oids.basicConstraints, sequence(), true),
      extension(oids.authorityKeyId, sequence(contextPrimitive(0, keyId(this.#x509.publicKey)))),
      ...(template.names === undefined || isEmpty(template.names)
        ? []
        : [extension(oids.alternativeNames, encodeAlternativeNames(template.names))]),
    ];
    return assemble({
      serial: this.#platform.random.bytes(16),
      issuer: subjectOf(this.#x509),
      subject: encodeSubject(template.subject),
      publicKey: template.publicKey,
      notBeforeMs: now - backdateMs,
      notAfterMs: Math.min(now + template.validityMs, this.expiresMs),
      extensions,
      signer: this.#key,
    });
  }

  issue(template: Omit<CertificateTemplate, "publicKey">): KeyedCertificate {
    const { privateKey, publicKey } = generateKey();
    return { certificate: this.sign({ ...template, publicKey }), key: privateKeyPem(privateKey) };
  }
}

export function createAuthority(
  subject: Subject,
  validityMs: number,
  platform: { readonly clock: Clock; readonly random: Random },
): KeyedCertificate {
  const { privateKey, publicKey } = generateKey();
  const name = encodeSubject(subject);
  const now = platform.clock.now();
  const certificate = assemble({
    serial: platform.random.bytes(16),
    issuer: name,
    subject: name,
    publicKey,
    notBeforeMs: now - backdateMs,
    notAfterMs: now + validityMs,
    extensions: [
      extension(oids.keyUsage, bits(Buffer.from([0xa4]), 2), true),
      extension(oids.basicConstraints, sequence(boolean(true)), true),
      extension(oids.subjectKeyId, octets(keyId(publicKey))),
    ],
    signer: privateKey,
  });
  return { certificate, key: privateKeyPem(privateKey) };
}

/** A bit string without the zeros at its end. */
function encodeKeyUsages(usages: readonly KeyUsage[]): Buffer {
  const content = Buffer.alloc(2);
  let last = 0;
  for (const usage of usages) {
    const bit = keyUsageBits[usage];
    content[bit >> 3] = (content[bit >> 3] ?? 0) | (0x80 >> (bit & 7));
    last = Math.max(last, bit);
  }
  return bits(content.subarray(0, (last >> 3) + 1), 7 - (last & 7));
}

interface Assembly {
  readonly serial: Uint8Array;
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly publicKey: KeyObject;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly extensions: readonly Uint8Array[];
  readonly signer: KeyObject;
}

/** RFC 5280 §4.1. */
function assemble(parts: Assembly): string {
  const algorithm = signatureAlgorithm(parts.signer);
  const body = sequence(
    context(0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([(parts.serial[0] ?? 1) & 0x7f]), parts.serial.subarray(1)])),
    algorithm,
    parts.issuer,
    sequence(time(parts.notBeforeMs), time(parts.notAfterMs)),
    parts.subject,
    parts.publicKey.export({ type: "spki", format: "der" }),
    context(3, sequence(...parts.extensions)),
  );
  return pem("CERTIFICATE", sequence(body, algorithm, bits(sign("sha256", body, parts.signer))));
}

export function signatureAlgorithm(key: KeyObject): Buffer {
  if (key.asymmetricKeyType === "rsa") return sequence(oid(oids.rsaSha256), tlv(0x05, Buffer.alloc(0)));
  return sequence(oid(oids.ecdsaSha256));
}

function extension(id: string, value: Uint8Array, critical = false): Buffer {
  return sequence(oid(id), ...(critical ? [boolean(true)] : []), octets(value));
}

function isEmpty(names: AlternativeNames): boolean {
  return Object.values(names).every((list) => (list as readonly string[]).length === 0);
}

function keyId(key: KeyObject): Buffer {
  return createHash("sha1")
    .update(createPublicKey(key.export({ type: "spki", format: "pem" })).export({ type: "spki", format: "der" }))
    .digest();
}

/** The subject exactly as the certificate spells it, so that issuer names match byte for byte. */
function subjectOf(certificate: X509Certificate): Buffer {
  const body = read(read(certificate.raw)[0]?.content ?? Buffer.alloc(0))[0];
  const fields = read(body?.content ?? Buffer.alloc(0));
  const subject = fields[fields[0]?.type === 0xa0 ? 5 : 4];
  if (subject === undefined) throw new Error("certificate without a subject");
  return subject.raw;
}
