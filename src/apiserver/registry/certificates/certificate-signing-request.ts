import { X509Certificate } from "node:crypto";
import type { certificatesV1, CertificateSigningRequest } from "../../../api/index.ts";
import {
  deepEqual,
  duplicate,
  fieldPath,
  forbidden,
  humanDuration,
  invalid,
  notSupported,
  quote,
  required,
} from "../../../apimachinery/index.ts";
import { messageOf } from "../../../base/index.ts";
import { parseCertificateRequest, pemBlocks } from "../../../component/index.ts";
import { checkEach, checkRequiredOneOf, type Errors } from "../common/check.ts";
import { linesDiff } from "../common/diff.ts";
import { collect, keep } from "../common/lifecycle.ts";
import { checkSignerName } from "../common/signer-name.ts";
import { ageColumn, defineTable, nameColumn, none, text } from "../common/table.ts";
import type { Strategy, WriteContext } from "../contract.ts";
import { timeText } from "../times.ts";

type Condition = certificatesV1.CertificateSigningRequestCondition;

const specPath = fieldPath("spec");
const conditionsPath = fieldPath("status", "conditions");
const leastSeconds = 600;
const verdicts = ["Approved", "Denied"];

/** Who asks is what the server knows, not what the request says. */
export const certificateSigningRequestStrategy: Strategy<CertificateSigningRequest> = {
  prepareForCreate(csr, { request }) {
    const { name, uid, groups, extra } = request.user;
    const { username: _name, uid: _uid, groups: _groups, extra: _extra, ...asked } = csr.spec;
    csr.spec = { ...asked, username: name, groups: [...groups] };
    if (uid !== undefined && uid !== "") csr.spec.uid = uid;
    if (extra !== undefined) {
      csr.spec.extra = Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]]));
    }
    csr.status = {};
  },
  prepareForUpdate(csr, old) {
    keep(csr, old, "spec");
    keep(csr, old, "status");
  },
  /** Nobody cares what requests are called, beyond what every name must be. */
  validateName: () => [],
  validate: (csr) => collect((errors) => checkSpec(csr, errors)),
  allowUnconditionalUpdate: true,
  status: {
    prepareForUpdate(csr, old, context) {
      keep(csr, old, "spec");
      fillTimes(csr, old, context);
    },
    validateUpdate: (csr, old) =>
      collect((errors) => {
        const before = old.status?.certificate ?? "";
        const changes = before !== (csr.status?.certificate ?? "");
        checkConditions(csr, errors);
        if (changes) checkCertificate(csr, errors);
        checkVerdictsStay(csr, old, false, errors);
        if (changes && before !== "") {
          const path = fieldPath("status", "certificate");
          errors.push(forbidden(path, "updates may not modify existing certificate content"));
        }
      }),
  },
  subresources: {
    approval: {
      prepareForUpdate(csr, old, context) {
        keep(csr, old, "spec");
        const { conditions = [] } = csr.status ?? {};
        csr.status = { ...old.status, conditions };
        fillTimes(csr, old, context);
      },
      validateUpdate: (csr, old) =>
        collect((errors) => {
          checkConditions(csr, errors);
          checkVerdictsStay(csr, old, true, errors);
        }),
    },
  },
  resetFields: {
    "": ["spec", "status"],
    status: ["spec", "status.conditions"],
    approval: ["spec", "status.certificate"],
  },
  selectableFields: { "spec.signerName": ({ spec }) => spec.signerName },
  table: defineTable([
    nameColumn,
    ageColumn,
    text("SignerName", "Who is asked to sign.", ({ spec }) => none(spec.signerName)),
    text("Requestor", "Who asks.", ({ spec }) => spec.username ?? ""),
    text("RequestedDuration", "For how long it is asked.", ({ spec }) =>
      spec.expirationSeconds === undefined ? "<none>" : humanDuration(spec.expirationSeconds * 1000),
    ),
    text("Condition", "How far it is.", conditionText),
  ]),
};

/** Times that the writer left out: now, and when the state of that condition last changed. */
function fillTimes(csr: CertificateSigningRequest, old: CertificateSigningRequest, { request }: WriteContext): void {
  const now = timeText(request.receivedAtMs);
  for (const condition of csr.status?.conditions ?? []) {
    condition.lastUpdateTime ??= now;
    const before = find(old, condition.type).find(({ status }) => status === condition.status);
    condition.lastTransitionTime ??= before?.lastTransitionTime ?? now;
  }
}

function conditionText({ status }: CertificateSigningRequest): string {
  const has = (type: string) => status?.conditions?.some((condition) => condition.type === type) ?? false;
  const verdict = has("Denied") ? "Denied" : has("Approved") ? "Approved" : "Pending";
  const issued = (status?.certificate ?? "") === "" ? "" : ",Issued";
  return `${verdict}${has("Failed") ? ",Failed" : ""}${issued}`;
}

const usages = new Set([
  "signing",
  "digital signature",
  "content commitment",
  "key encipherment",
  "key agreement",
  "data encipherment",
  "cert sign",
  "crl sign",
  "encipher only",
  "decipher only",
  "any",
  "server auth",
  "client auth",
  "code signing",
  "email protection",
  "s/mime",
  "ipsec end system",
  "ipsec tunnel",
  "ipsec user",
  "timestamping",
  "ocsp signing",
  "microsoft sgc",
  "netscape sgc",
]);

/** Why it is no request, or is not signed with its own key. */
function requestError(request: string | undefined): string | undefined {
  try {
    parseCertificateRequest(Buffer.from(request ?? "", "base64").toString("latin1"));
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

function checkSpec({ spec }: CertificateSigningRequest, errors: Errors): void {
  const wrong = requestError(spec.request);
  if (wrong !== undefined) errors.push(invalid(specPath.child("request"), spec.request ?? null, wrong));
  const usagesPath = specPath.child("usages");
  if ((spec.usages ?? []).length === 0) errors.push(required(usagesPath));
  const seen = new Set<string>();
  checkEach(spec.usages, usagesPath, errors, (usage, path) => {
    if (!usages.has(usage)) errors.push(notSupported(path, usage, [...usages].sort()));
    if (seen.has(usage)) errors.push(duplicate(path, usage));
    seen.add(usage);
  });
  if (spec.signerName === "kubernetes.io/legacy-unknown") {
    const why = "the legacy signerName is not allowed via this API version";
    errors.push(invalid(specPath.child("signerName"), spec.signerName, why));
  } else checkSignerName(spec.signerName, specPath.child("signerName"), errors);
  const { expirationSeconds: seconds } = spec;
  if (seconds !== undefined && seconds < leastSeconds) {
    errors.push(
      invalid(
        specPath.child("expirationSeconds"),
        seconds,
        "may not specify a duration less than 600 seconds (10 minutes)",
      ),
    );
  }
}

function checkCertificate({ status }: CertificateSigningRequest, errors: Errors): void {
  const { certificate = "" } = status ?? {};
  if (certificate === "") return;
  const wrong = certificateError(Buffer.from(certificate, "base64").toString("latin1"));
  // The data may be long.
  if (wrong !== undefined) errors.push(invalid(fieldPath("status", "certificate"), "<certificate data>", wrong));
}

function certificateError(pem: string): string | undefined {
  const blocks = pemBlocks(pem);
  if (blocks.length === 0) return "must contain at least one CERTIFICATE PEM block";
  for (const { type, text: block, body } of blocks) {
    if (type !== "CERTIFICATE") return `only CERTIFICATE PEM blocks are allowed, found ${quote(type)}`;
    if (body.includes(":")) return "no PEM block headers are permitted";
    if (body.trim() === "") return "found CERTIFICATE PEM block containing 0 certificates";
    if (!isCertificate(block)) return "x509: malformed certificate";
  }
  return undefined;
}

function isCertificate(block: string): boolean {
  try {
    return new X509Certificate(block).raw.length > 0;
  } catch {
    return false;
  }
}

function checkConditions({ status }: CertificateSigningRequest, errors: Errors): void {
  const seen = new Set<string>();
  let verdict: string | undefined;
  checkEach(status?.conditions, conditionsPath, errors, ({ type, status: state }, path) => {
    if (type === "") errors.push(required(path.child("type")));
    const final = verdicts.includes(type) || type === "Failed";
    const allowed = final ? ["True"] : ["False", "True", "Unknown"];
    checkRequiredOneOf(state, allowed, path.child("status"), errors);
    if (verdicts.includes(type)) {
      if (verdict !== undefined && verdict !== type) {
        errors.push(invalid(conditionsPath, type, "Approved and Denied conditions are mutually exclusive"));
      }
      verdict = type;
    }
    if (seen.has(type)) errors.push(duplicate(path.child("type"), type));
    seen.add(type);
  });
}

/** `Approved`, `Denied` and `Failed` do not go again; verdicts come from nowhere but the approval. */
function checkVerdictsStay(
  csr: CertificateSigningRequest,
  old: CertificateSigningRequest,
  approval: boolean,
  errors: Errors,
): void {
  const forbid = (what: string) => errors.push(forbidden(conditionsPath, `updates may not ${what}`));
  for (const type of [...verdicts, "Failed"]) {
    if (find(csr, type).length < find(old, type).length) forbid(`remove a condition of type ${quote(type)}`);
  }
  if (approval) return;
  for (const type of verdicts) {
    const [now, before] = [find(csr, type), find(old, type)];
    if (now.length > before.length) forbid(`add a condition of type ${quote(type)}`);
    else if (now.length === before.length && !deepEqual(now, before)) {
      forbid(`modify a condition of type ${quote(type)}\n${linesDiff(goLines(before), goLines(now))}`);
    }
  }
}

/** As Go shows its internal type. */
function goLines(conditions: readonly Condition[]): readonly string[] {
  const shown = conditions.map((condition) => ({
    Type: condition.type,
    Status: condition.status,
    Reason: condition.reason ?? "",
    Message: condition.message ?? "",
    LastUpdateTime: condition.lastUpdateTime ?? null,
    LastTransitionTime: condition.lastTransitionTime ?? null,
  }));
  return JSON.stringify(shown, undefined, 1).split("\n");
}

function find({ status }: CertificateSigningRequest, type: string): readonly Condition[] {
  return (status?.conditions ?? []).filter((condition) => condition.type === type);
}
