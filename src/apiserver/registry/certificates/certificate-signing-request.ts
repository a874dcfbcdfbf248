import type { certificatesV1, CertificateSigningRequest } from "../../../api/index.ts";
import {
  deepEqual,
  duplicate,
  fieldPath,
  forbidden,
  humanDuration,
  invalid,
  nameIsPathSegment,
  notSupported,
  required,
} from "../../../apimachinery/index.ts";
import { checkEach, type Errors } from "../common/check.ts";
import { collect, keep } from "../common/lifecycle.ts";
import { checkSignerName } from "../common/signer-name.ts";
import { ageColumn, defineTable, nameColumn, none, text } from "../common/table.ts";
import type { Strategy } from "../contract.ts";

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
  validateName: nameIsPathSegment,
  validate: (csr) => collect((errors) => checkSpec(csr, errors)),
  allowUnconditionalUpdate: true,
  status: {
    prepareForUpdate(csr, old) {
      keep(csr, old, "spec");
    },
    validateUpdate: (csr, old) =>
      collect((errors) => {
        checkConditions(csr, errors);
        const before = old.status?.certificate;
        if (before !== undefined && before !== csr.status?.certificate) {
          const path = fieldPath("status", "certificate");
          errors.push(forbidden(path, "updates may not modify a set certificate"));
        }
        checkVerdictsStay(csr, old, false, errors);
      }),
  },
  subresources: {
    approval: {
      prepareForUpdate(csr, old) {
        keep(csr, old, "spec");
        const { conditions = [] } = csr.status ?? {};
        csr.status = { ...old.status, conditions };
      },
      validateUpdate: (csr, old) =>
        collect((errors) => {
          checkConditions(csr, errors);
          checkVerdictsStay(csr, old, true, errors);
        }),
    },
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

function checkSpec({ spec }: CertificateSigningRequest, errors: Errors): void {
  const pem = Buffer.from(spec.request ?? "", "base64").toString("latin1");
  if (!/-----BEGIN CERTIFICATE REQUEST-----/.test(pem)) {
    const why = "PEM block type must be CERTIFICATE REQUEST";
    // Upstream shows the bytes as Go's lists of numbers.
    errors.push(invalid(specPath.child("request"), [...Buffer.from(spec.request ?? "", "base64")], why));
  }
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

function checkConditions({ status }: CertificateSigningRequest, errors: Errors): void {
  const seen = new Set<string>();
  let verdict: string | undefined;
  checkEach(status?.conditions, conditionsPath, errors, ({ type, status: state }, path) => {
    if (type === "") errors.push(required(path.child("type")));
    if (verdicts.includes(type)) {
      if (verdict !== undefined && verdict !== type) {
        errors.push(invalid(path.child("type"), type, "Approved and Denied conditions are mutually exclusive"));
      }
      verdict = type;
      if (state !== "True") errors.push(notSupported(path.child("status"), state, ["True"]));
    } else if (type === "Failed" && state !== "True") errors.push(notSupported(path.child("status"), state, ["True"]));
    if (seen.has(type)) errors.push(duplicate(path.child("type"), type));
    seen.add(type);
  });
}

/** A verdict is final: `Approved`, `Denied` and `Failed` do not go again, nor come from elsewhere. */
function checkVerdictsStay(
  csr: CertificateSigningRequest,
  old: CertificateSigningRequest,
  approval: boolean,
  errors: Errors,
): void {
  for (const type of [...verdicts, "Failed"]) {
    const now = find(csr, type);
    const before = find(old, type);
    if (before.length > now.length) {
      errors.push(forbidden(conditionsPath, `updates may not remove a condition of type ${JSON.stringify(type)}`));
    } else if (now.length > before.length && !approval && verdicts.includes(type)) {
      errors.push(forbidden(conditionsPath, `updates may not add a condition of type ${JSON.stringify(type)}`));
    } else if (before.length > 0 && !deepEqual(now.map(withoutTimes), before.map(withoutTimes))) {
      errors.push(forbidden(conditionsPath, `updates may not modify a condition of type ${JSON.stringify(type)}`));
    }
  }
}

function find({ status }: CertificateSigningRequest, type: string): readonly Condition[] {
  return (status?.conditions ?? []).filter((condition) => condition.type === type);
}

function withoutTimes({ lastUpdateTime: _update, lastTransitionTime: _transition, ...rest }: Condition): object {
  return rest;
}
