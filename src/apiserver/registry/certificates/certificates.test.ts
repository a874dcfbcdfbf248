import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import type { CertificateSigningRequest } from "../../../api/index.ts";
import { createCertificateRequest } from "../../../component/index.ts";
import type { WriteContext } from "../contract.ts";
import { RuleTables } from "../fixture.ts";
import { certificateSigningRequestStrategy } from "./certificate-signing-request.ts";

const metadata = { name: "x", creationTimestamp: "1970-01-01T00:00:00Z" };
const request = Buffer.from(
  createCertificateRequest(generateKeyPairSync("ec", { namedCurve: "P-256" }), { commonName: "jane" }),
).toString("base64");
const base64 = (text: string) => Buffer.from(text).toString("base64");
const pem = (body: string) => base64(`-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`);
const csr = (types: readonly string[] = [], certificate?: string): CertificateSigningRequest => ({
  metadata,
  spec: { request, signerName: "example.com/s", usages: ["client auth"], username: "jane", expirationSeconds: 3600 },
  status: {
    conditions: types.map((type) => ({ type, status: "True" })),
    ...(certificate === undefined ? {} : { certificate }),
  },
});

const requests = new RuleTables<CertificateSigningRequest>(
  "CertificateSigningRequest",
  certificateSigningRequestStrategy,
);
requests.accepts([["a plain one", csr()]]);
requests.rejects([
  [
    "a signer of the past, no usage, a moment's life",
    { metadata, spec: { request, signerName: "kubernetes.io/legacy-unknown", expirationSeconds: 1 } },
    [
      "spec.usages: Required value: usages must be provided",
      'spec.signerName: Invalid value: "kubernetes.io/legacy-unknown": the legacy signerName is not allowed via this API version',
      "spec.expirationSeconds: Invalid value: 1: may not specify a duration less than 600 seconds (10 minutes)",
    ],
  ],
]);
requests.rejects([
  [
    "no request",
    { ...csr(), spec: { ...csr().spec, request: base64("x") } },
    [`spec.request: Invalid value: "${base64("x")}": PEM block type must be CERTIFICATE REQUEST`],
  ],
  [
    "no signer",
    { ...csr(), spec: { ...csr().spec, signerName: "" } },
    ["spec.signerName: Required value: signerName must be provided"],
  ],
]);
requests.changes(
  [
    ["a verdict", csr(["Approved"]), csr(), []],
    [
      "not both verdicts",
      csr(["Approved", "Denied"]),
      csr(["Approved"]),
      ['status.conditions[1].type: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive'],
    ],
    [
      "a verdict is final",
      csr(),
      csr(["Denied"]),
      ['status.conditions: Forbidden: updates may not remove a condition of type "Denied"'],
    ],
  ],
  "approval",
);
requests.changes(
  [
    ["a certificate", csr(["Approved"], pem("QQ==")), csr(["Approved"]), []],
    [
      "no verdicts from signers",
      csr(["Approved"]),
      csr(),
      ['status.conditions: Forbidden: updates may not add a condition of type "Approved"'],
    ],
    [
      "a certificate is one",
      csr([], base64("x")),
      csr(),
      ['status.certificate: Invalid value: "<certificate data>": must contain at least one CERTIFICATE PEM block'],
    ],
    [
      "a certificate stays",
      csr([], pem("QQ==")),
      csr([], pem("Qg==")),
      ["status.certificate: Forbidden: updates may not modify existing certificate content"],
    ],
  ],
  "status",
);
requests.prints([
  ["an issued one", csr(["Approved"], pem("QQ==")), ["x", "0s", "example.com/s", "jane", "60m", "Approved,Issued"]],
]);
test("a request is of who sends it", () => {
  const sent = csr(["Approved"]);
  sent.spec.groups = ["system:masters"];
  const context = { request: { user: { name: "joe", groups: ["g"], uid: "7" } } } as unknown as WriteContext;
  certificateSigningRequestStrategy.prepareForCreate?.(sent, context);
  const { username, groups, uid } = sent.spec;
  assert.deepEqual([username, groups, uid, sent.status], ["joe", ["g"], "7", {}]);
});

test("a verdict gets the times that its giver left out", () => {
  const given = csr(["Approved"]);
  const context = { request: { receivedAtMs: 60_000 } } as unknown as WriteContext;
  certificateSigningRequestStrategy.subresources?.["approval"]?.prepareForUpdate?.(given, csr(), context);
  const [condition] = given.status?.conditions ?? [];
  assert.deepEqual(
    [condition?.lastUpdateTime, condition?.lastTransitionTime],
    ["1970-01-01T00:01:00Z", "1970-01-01T00:01:00Z"],
  );
});
