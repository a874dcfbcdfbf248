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
/** Made for this test, of no use to anyone. */
const first = pem(
  "MIIBLjCB4aADAgECAhRs/0/mUm4O0U+BgXCa7nE1ih6j9zAFBgMrZXAwDDEKMAgGA1UEAwwBYTAgFw0yNjExMjExMDM5NDBaGA8yMTI2MTAyODEwMzk0MFowDDEKMAgGA1UEAwwBYTAqMAUGAytlcAMhAAaapjdrhf47ueG2V4RwqWdduy/5r4c6b/Vu/58ygWIjo1MwUTAdBgNVHQ4EFgQUDeIOCSkbO+l5xhNpjPx6/maMsywwHwYDVR0jBBgwFoAUDeIOCSkbO+l5xhNpjPx6/maMsywwDwYDVR0TAQH/BAUwAwEB/zAFBgMrZXADQQCUkbQ3QtDebOY+NBPgcSrk5NEGY1Ygsquts/awydkK+gwloHy5o0CJsWR971f+bqViDY0QgFRns+TJ1yG6W/UC",
);
const second = pem(
  "MIIBLjCB4aADAgECAhR2tAZ5P36qobX91ZQtiavqe6UnHDAFBgMrZXAwDDEKMAgGA1UEAwwBYjAgFw0yNjExMjExMDM5NDBaGA8yMTI2MTAyODEwMzk0MFowDDEKMAgGA1UEAwwBYjAqMAUGAytlcAMhAM5whIiOVEDpmbK5/hxzb+7BSdymzYh9nxeVC50XbbZIo1MwUTAdBgNVHQ4EFgQUTERe7GIev85VHsSfcjYqfSKNTCwwHwYDVR0jBBgwFoAUTERe7GIev85VHsSfcjYqfSKNTCwwDwYDVR0TAQH/BAUwAwEB/zAFBgMrZXADQQCht7FubCMhQgAt0c1x00CKLws6huo9Evlm+6EixJF74DZ/QTyAnWj5FMU/fdlW8jCy0XR9lcSnAh524Prgg6QN",
);
const csr = (types: readonly string[] = [], certificate?: string): CertificateSigningRequest => ({
  metadata,
  spec: { request, signerName: "example.com/s", usages: ["client auth"], username: "jane", expirationSeconds: 3600 },
  status: {
    conditions: types.map((type) => ({ type, status: "True" })),
    ...(certificate === undefined ? {} : { certificate }),
  },
});

const withReason = (reason: string): CertificateSigningRequest => ({
  ...csr(),
  status: { conditions: [{ type: "Approved", status: "True", reason }] },
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
      "spec.usages: Required value",
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
  ["no signer", { ...csr(), spec: { ...csr().spec, signerName: "" } }, ["spec.signerName: Required value"]],
]);
requests.changes(
  [
    ["a verdict", csr(["Approved"]), csr(), []],
    ["another reason", withReason("b"), withReason("a"), []],
    [
      "not both verdicts",
      csr(["Approved", "Denied"]),
      csr(["Approved"]),
      ['status.conditions: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive'],
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
    ["a certificate", csr(["Approved"], first), csr(["Approved"]), []],
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
      "a certificate can be read",
      csr([], pem("QQ==")),
      csr(),
      ['status.certificate: Invalid value: "<certificate data>": x509: malformed certificate'],
    ],
    [
      "a certificate is not empty",
      csr([], base64("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n")),
      csr(),
      [
        'status.certificate: Invalid value: "<certificate data>": found CERTIFICATE PEM block containing 0 certificates',
      ],
    ],
    [
      "no other verdict from signers",
      withReason("b"),
      withReason("a"),
      [
        `status.conditions: Forbidden: updates may not modify a condition of type "Approved"
@@ -2,7 +2,7 @@
  {
   "Type": "Approved",
   "Status": "True",
-  "Reason": "a",
+  "Reason": "b",
   "Message": "",
   "LastUpdateTime": null,
   "LastTransitionTime": null
`,
      ],
    ],
    [
      "a certificate stays",
      csr([], second),
      csr([], first),
      ["status.certificate: Forbidden: updates may not modify existing certificate content"],
    ],
  ],
  "status",
);
requests.prints([
  ["an issued one", csr(["Approved"], first), ["x", "0s", "example.com/s", "jane", "60m", "Approved,Issued"]],
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
