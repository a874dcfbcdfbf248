export {
  CertificateAuthority,
  type CertificateTemplate,
  createAuthority,
  generateKey,
  isKeyUsage,
  isUsage,
  type KeyedCertificate,
  type KeyUsage,
  privateKeyPem,
  type Usage,
} from "./certificate.ts";
export type { AlternativeNames, Subject } from "./names.ts";
export { pemBlocks } from "./pem-blocks.ts";
export { type CertificateFiles, keptCertificate, selfSigned, type SelfSignedOptions } from "./self-signed.ts";
export { type CertificateRequest, createCertificateRequest, parseCertificateRequest } from "./request.ts";
