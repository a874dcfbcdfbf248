import assert from "node:assert/strict";
import { test } from "node:test";
import type { CertificateSigningRequest } from "../../../api/index.ts";
import type { WriteContext } from "../contract.ts";
import { RuleTables } from "../fixture.ts";
import { certificateSigningRequestStrategy } from "./certificate-signing-request.ts";

const metadata = { name: "x", creationTimestamp: "1970-01-01T00:00:00Z" };
const request = Buffer.from("-----BEGIN CERTIFICATE REQUEST-----\nAA==\n-----END CERTIFICATE REQUEST-----\n").toString(
  "base64",
);
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
      "spec.usages: Required value",
      'spec.signerName: Invalid value: "kubernetes.io/legacy-unknown": the legacy signerName is not allowed via this API version',
      "spec.expirationSeconds: Invalid value: 1: may not specify a duration less than 600 seconds (10 minutes)",
    ],
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
    ["a certificate", csr(["Approved"], "QQ=="), csr(["Approved"]), []],
    [
      "no verdicts from signers",
      csr(["Approved"]),
      csr(),
      ['status.conditions: Forbidden: updates may not add a condition of type "Approved"'],
    ],
    [
      "a certificate stays",
      csr([], "QQ=="),
      csr([], "Qg=="),
      ["status.certificate: Forbidden: updates may not modify a set certificate"],
    ],
  ],
  "status",
);
requests.prints([
  ["an issued one", csr(["Approved"], "QQ=="), ["x", "0s", "example.com/s", "jane", "60m", "Approved,Issued"]],
]);
test("a request is of who sends it", () => {
  const sent = csr(["Approved"]);
  sent.spec.groups = ["system:masters"];
  const context = { request: { user: { name: "joe", groups: ["g"], uid: "7" } } } as unknown as WriteContext;
  certificateSigningRequestStrategy.prepareForCreate?.(sent, context);
  const { username, groups, uid } = sent.spec;
  assert.deepEqual([username, groups, uid, sent.status], ["joe", ["g"], "7", {}]);
});
