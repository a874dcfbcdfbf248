export {
  CertificateAuthority,
  type CertificateTemplate,
  createAuthority,
  generateKey,
  type KeyedCertificate,
  privateKeyPem,
  type Usage,
} from "./certificate.ts";
export type { AlternativeNames, Subject } from "./names.ts";
export { pemBlocks } from "./pem-blocks.ts";
export { type CertificateRequest, createCertificateRequest, parseCertificateRequest } from "./request.ts";
