export { anonymousAt, anonymousAuthenticator } from "./anonymous.ts";
export {
  type AuthenticationFile,
  type ConfiguredIssuer,
  InvalidAuthenticationConfig,
  parseAuthenticationConfig,
} from "./authentication-config.ts";
export { type BootstrapTokenSecret, bootstrapTokenAuthenticator } from "./bootstrap-token.ts";
export * from "./contract.ts";
export { jwtAuthenticator } from "./jwt.ts";
export { type OidcOptions, oidcAuthenticator } from "./oidc.ts";
export { type RequestHeaderOptions, requestHeaderAuthenticator } from "./request-header.ts";
export {
  type IssuedToken,
  type ServiceAccountKeys,
  ServiceAccountTokens,
  serviceAccountAuthenticator,
  type TokenObjects,
  type TokenRequest,
} from "./service-account-token.ts";
export { tokenFileAuthenticator } from "./token-file.ts";
export { firstOf, unionAuthenticator } from "./union.ts";
export { anonymousUser, bearerToken, parseServiceAccountUser, serviceAccountUser, systemGroups } from "./users.ts";
export { CertificatePool, userOfCertificate, x509Authenticator } from "./x509.ts";
export { withWebSocketTokens } from "./web-socket-token.ts";
export { type TokenReviewStatus, webhookTokenAuthenticator } from "./webhook-token.ts";
