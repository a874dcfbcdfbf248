export {
  anonymousAt,
  anonymousAuthenticator,
  anonymousUser,
  type AuthenticationResult,
  type Authenticator,
  bearerToken,
  CertificatePool,
  type Credentials,
  firstOf,
  parseServiceAccountUser,
  type RequestHeaderOptions,
  requestHeaderAuthenticator,
  serviceAccountUser,
  systemGroups,
  type TokenReviewStatus,
  unionAuthenticator,
  userOfCertificate,
  webhookTokenAuthenticator,
  x509Authenticator,
} from "../../component/index.ts";
export {
  type AuthenticationFile,
  type ConfiguredIssuer,
  InvalidAuthenticationConfig,
  parseAuthenticationConfig,
} from "./authentication-config.ts";
export { type BootstrapTokenSecret, bootstrapTokenAuthenticator } from "./bootstrap-token.ts";
export { jwtAuthenticator } from "./jwt.ts";
export { type LegacyTokenObjects, type TokenAccount, type TokenSecret, type TokenUse } from "./legacy-token.ts";
export { type OidcOptions, oidcAuthenticator } from "./oidc.ts";
export {
  type IssuedToken,
  type ServiceAccountKeys,
  ServiceAccountTokens,
  serviceAccountAuthenticator,
  type TokenObjects,
  type TokenRequest,
} from "./service-account-token.ts";
export { tokenFileAuthenticator } from "./token-file.ts";
export { withWebSocketTokens } from "./web-socket-token.ts";
