import { X509Certificate } from "node:crypto";
import { type FieldError, invalid } from "../../../apimachinery/index.ts";
import { messageOf } from "../../../base/index.ts";
import { pemBlocks } from "../../../component/index.ts";

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
  for (const { type, text } of pemBlocks(pem)) {
    if (type !== "CERTIFICATE") continue;
    try {
      new X509Certificate(text);
      return undefined;
    } catch (error) {
      problem ??= `failed to parse certificate: ${messageOf(error)}`;
    }
  }
  return problem ?? "unable to parse bytes as PEM block";
}
