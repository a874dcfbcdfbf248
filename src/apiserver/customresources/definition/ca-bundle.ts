import { X509Certificate } from "node:crypto";
import { type FieldError, invalid } from "../../../apimachinery/index.ts";
import { messageOf } from "../../../base/index.ts";

const block = /-----BEGIN ([A-Z0-9 ]+)-----\r?\n([\s\S]*?)-----END \1-----/g;

/** Certificates, base64 of PEM; upstream's words for what is none. */
export function checkCaBundle(path: { toString(): string }, bundle: string): FieldError[] {
  const problem = problemOf(Buffer.from(bundle, "base64").toString("latin1"));
  return problem === undefined
    ? []
    : [invalid(path.toString(), bundle, `unable to load root certificates: ${problem}`)];
}

function problemOf(pem: string): string | undefined {
  if (pem === "") return undefined;
  let problem: string | undefined;
  for (const [whole, type] of pem.matchAll(block)) {
    if (type !== "CERTIFICATE") continue;
    try {
      new X509Certificate(whole);
      return undefined;
    } catch (error) {
      problem ??= `failed to parse certificate: ${messageOf(error)}`;
    }
  }
  return problem ?? "unable to parse bytes as PEM block";
}
