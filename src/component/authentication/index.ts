export { type AccessObserver, accessMetrics, certificateExpirations } from "./access-metrics.ts";
export { anonymousAt, anonymousAuthenticator } from "./anonymous.ts";
export { BoundedCache } from "./bounded-cache.ts";
export * from "./contract.ts";
export { type RequestHeaderOptions, requestHeaderAuthenticator } from "./request-header.ts";
export { firstOf, unionAuthenticator } from "./union.ts";
export { anonymousUser, bearerToken, parseServiceAccountUser, serviceAccountUser, systemGroups } from "./users.ts";
export { type TokenReviewStatus, webhookTokenAuthenticator } from "./webhook-token.ts";
export { CertificatePool, userOfCertificate, x509Authenticator } from "./x509.ts";
