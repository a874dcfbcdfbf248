import type { CertificateSigningRequest } from "../../../api/index.ts";
import { messageOf } from "../../../base/index.ts";
import { parseCertificateRequest } from "../../../component/index.ts";
import type { Authorizer } from "../../authz/contract.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "../contract.ts";
import { isResource, refuse } from "../refuse.ts";

const group = "certificates.k8s.io";

/** Whether the user has a verb on a signer, by its whole name or its domain. Upstream: `IsAuthorizedForSignerName`. */
async function maySign(
  authorizer: Authorizer,
  attributes: AdmissionAttributes,
  verb: string,
  signerName: string,
): Promise<boolean> {
  const domain = `${signerName.split("/")[0]}/*`;
  for (const name of [signerName, domain]) {
    const decision = await authorizer.authorize(
      {
        user: attributes.context.user,
        verb,
        isResourceRequest: true,
        path: "",
        apiGroup: group,
        apiVersion: "*",
        namespace: "",
        resource: "signers",
        subresource: "",
        name,
      },
      attributes.context.signal,
    );
    if (decision.decision === "allow") return true;
  }
  return false;
}

/** Approving a request needs the verb `approve` on its signer. */
export function certificateApproval(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: "CertificateApproval",
    handles: (operation, resource, subresource) =>
      operation === "UPDATE" && subresource === "approval" && isResource(resource, group, "certificatesigningrequests"),
    async validate(attributes) {
      const { signerName } = (attributes.object as CertificateSigningRequest).spec;
      if (await maySign(authorizer, attributes, "approve", signerName)) return;
      throw refuse(attributes, `user not permitted to approve requests with signerName ${JSON.stringify(signerName)}`);
    },
  };
}

/** Writing a certificate, or failing a request, needs the verb `sign` on its signer. */
export function certificateSigning(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: "CertificateSigning",
    handles: (operation, resource, subresource) =>
      operation === "UPDATE" && subresource === "status" && isResource(resource, group, "certificatesigningrequests"),
    async validate(attributes) {
      const request = attributes.object as CertificateSigningRequest;
      const old = attributes.oldObject as CertificateSigningRequest;
      const unchanged =
        (request.status?.certificate ?? "") === (old.status?.certificate ?? "") &&
        JSON.stringify(request.status?.conditions ?? []) === JSON.stringify(old.status?.conditions ?? []);
      if (unchanged || (await maySign(authorizer, attributes, "sign", old.spec.signerName))) return;
      throw refuse(
        attributes,
        `user not permitted to sign requests with signerName ${JSON.stringify(old.spec.signerName)}`,
      );
    },
  };
}

/** Nobody gets a client certificate that makes them a cluster administrator. */
export const certificateSubjectRestriction: AdmissionPlugin = {
  name: "CertificateSubjectRestriction",
  handles: (operation, resource, subresource) =>
    operation === "CREATE" && subresource === "" && isResource(resource, group, "certificatesigningrequests"),
  validate(attributes) {
    const { signerName, request } = (attributes.object as CertificateSigningRequest).spec;
    if (signerName !== "kubernetes.io/kube-apiserver-client") return;
    const { subject } = parse(attributes, Buffer.from(request, "base64").toString());
    if (!subject.organizations?.includes("system:masters")) return;
    throw refuse(attributes, `use of ${signerName} signer with system:masters group is not allowed`);
  },
};

function parse(attributes: AdmissionAttributes, pem: string) {
  try {
    return parseCertificateRequest(pem);
  } catch (error) {
    throw refuse(attributes, `failed to parse CSR: ${messageOf(error)}`);
  }
}

/** Publishing a trust bundle for a signer needs the verb `attest` on it. */
export function clusterTrustBundleAttest(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: "ClusterTrustBundleAttest",
    handles: (operation, resource, subresource) =>
      operation !== "CONNECT" && subresource === "" && isResource(resource, group, "clustertrustbundles"),
    async validate(attributes) {
      const bundle = (attributes.object ?? attributes.oldObject) as { spec?: { signerName?: string } } | undefined;
      const signerName = bundle?.spec?.signerName ?? "";
      if (
        attributes.operation === "DELETE" ||
        signerName === "" ||
        (await maySign(authorizer, attributes, "attest", signerName))
      )
        return;
      throw refuse(attributes, `user not permitted to attest for signerName ${JSON.stringify(signerName)}`);
    },
  };
}
