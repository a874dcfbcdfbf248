import { X509Certificate } from "node:crypto";
import {
  parseYaml,
  aggregateFieldErrors,
  duplicate,
  type FieldError,
  invalid,
  required,
  tooMany,
} from "../../apimachinery/index.ts";
import { type ConfigOf, decodeConfiguration, field, pemBlocks } from "../../component/index.ts";
import type { UserInfo } from "../request/contract.ts";
import { parseGoUrl } from "../request/go-url.ts";
import { type Claims, compileTokenExpression, textOf, textsOf, userInput } from "./jwt-claims.ts";
import { checkClaim, checkEmail } from "./oidc.ts";

const mapped = { claim: field.text(), prefix: field.optional(field.text()), expression: field.text() };
const rule = { claim: field.text(), requiredValue: field.text(), expression: field.text(), message: field.text() };

const jwtShape = field.object({
  issuer: field.object({
    url: field.text(),
    discoveryURL: field.text(),
    certificateAuthority: field.text(),
    audiences: field.textList(),
    audienceMatchPolicy: field.text(),
    egressSelectorType: field.text(),
  }),
  claimValidationRules: field.listOf(field.object(rule)),
  claimMappings: field.object({
    username: field.object(mapped),
    groups: field.object(mapped),
    uid: field.object({ claim: field.text(), expression: field.text() }),
    extra: field.listOf(field.object({ key: field.text(), valueExpression: field.text() })),
  }),
  userValidationRules: field.listOf(field.object({ expression: field.text(), message: field.text() })),
});

const shape = {
  jwt: field.listOf(jwtShape),
  anonymous: field.optional(
    field.object({ enabled: field.boolean(), conditions: field.listOf(field.object({ path: field.text() })) }),
  ),
};

const kind = {
  apiVersions: ["apiserver.config.k8s.io/v1", "apiserver.config.k8s.io/v1beta1", "apiserver.config.k8s.io/v1alpha1"],
  kind: "AuthenticationConfiguration",
  shape,
};

type JwtEntry = ConfigOf<typeof shape>["jwt"][number];
type Mapping = JwtEntry["claimMappings"]["username"];

/** One issuer of the file. */
export interface ConfiguredIssuer {
  readonly url: string;
  readonly discoveryUrl: string | undefined;
  /** PEM. */
  readonly certificateAuthority: string | undefined;
  readonly audiences: readonly string[];
  readonly userOf: (claims: Claims) => UserInfo;
}

export interface AuthenticationFile {
  readonly issuers: readonly ConfiguredIssuer[];
  /** Undefined: as `--anonymous-auth` says. Without paths: everywhere. */
  readonly anonymous: { readonly enabled: boolean; readonly paths: readonly string[] } | undefined;
}

const issuersMax = 64;

/** The file can be read, but what it says cannot be. The message is upstream's. */
export class InvalidAuthenticationConfig extends Error {
  constructor(problems: string) {
    super(`invalid authentication configuration: ${problems}`);
    this.name = "InvalidAuthenticationConfig";
  }
}

/** Reads `--authentication-config`. Throws what upstream refuses to start with, all at once. */
export function parseAuthenticationConfig(text: string): AuthenticationFile {
  if (text === "") throw new Error("empty config data");
  const { jwt, anonymous } = decodeConfiguration(parseYaml(text).value, kind);
  const errors: FieldError[] = [];
  if (jwt.length > issuersMax) errors.push(tooMany("jwt", jwt.length, issuersMax));
  const seen = { urls: new Set<string>(), discoveryUrls: new Set<string>() };
  const issuers = jwt.map((entry, index) => issuerFrom(entry, `jwt[${index}]`, seen, errors));
  if (anonymous !== undefined && !anonymous.enabled && anonymous.conditions.length > 0) {
    errors.push(invalid("anonymous.conditions", "", "enabled should be set to true when conditions are defined"));
  }
  if (errors.length > 0) throw new InvalidAuthenticationConfig(aggregateFieldErrors(errors));
  return {
    issuers,
    anonymous:
      anonymous === undefined
        ? undefined
        : { enabled: anonymous.enabled, paths: anonymous.conditions.map(({ path }) => path) },
  };
}

interface SeenIssuers {
  readonly urls: Set<string>;
  readonly discoveryUrls: Set<string>;
}

function issuerFrom(entry: JwtEntry, path: string, seen: SeenIssuers, errors: FieldError[]): ConfiguredIssuer {
  const { url, discoveryURL, certificateAuthority, audiences } = entry.issuer;
  checkIssuer(entry.issuer, `${path}.issuer`, errors);
  const userOf = userMaker(entry, path, errors);
  if (seen.urls.has(url)) errors.push(duplicate(`${path}.issuer.url`, url));
  seen.urls.add(url);
  if (discoveryURL !== "") {
    if (seen.discoveryUrls.has(discoveryURL)) errors.push(duplicate(`${path}.issuer.discoveryURL`, discoveryURL));
    seen.discoveryUrls.add(discoveryURL);
  }
  return {
    url,
    discoveryUrl: discoveryURL === "" ? undefined : discoveryURL,
    certificateAuthority: certificateAuthority === "" ? undefined : certificateAuthority,
    audiences,
    userOf,
  };
}

function checkIssuer(issuer: JwtEntry["issuer"], path: string, errors: FieldError[]): void {
  const { url, discoveryURL, certificateAuthority, egressSelectorType } = issuer;
  if (url === "") errors.push(required(`${path}.url`));
  else checkUrl(url, `${path}.url`, errors);
  if (discoveryURL !== "") {
    const bare = (text: string): string => text.replace(/\/+$/, "");
    if (url !== "" && bare(discoveryURL) === bare(url)) {
      errors.push(invalid(`${path}.discoveryURL`, discoveryURL, "discoveryURL must be different from URL"));
    }
    checkUrl(discoveryURL, `${path}.discoveryURL`, errors);
  }
  checkAudiences(issuer, path, errors);
  if (certificateAuthority !== "" && !holdsCertificate(certificateAuthority)) {
    const why = "data does not contain any valid RSA or ECDSA certificates";
    errors.push(invalid(`${path}.certificateAuthority`, "<omitted>", why));
  }
  if (!["", "controlplane", "cluster"].includes(egressSelectorType)) {
    const why = "egress selector must be either controlplane or cluster";
    errors.push(invalid(`${path}.egressSelectorType`, egressSelectorType, why));
  }
}

function checkAudiences(
  { audiences, audienceMatchPolicy: policy }: JwtEntry["issuer"],
  path: string,
  errors: FieldError[],
): void {
  if (audiences.length === 0) {
    errors.push(required(`${path}.audiences`, `at least one ${path}.audiences is required`));
    return;
  }
  for (const [index, audience] of audiences.entries()) {
    if (audience === "") errors.push(required(`${path}.audiences[${index}]`));
    if (audiences.indexOf(audience) < index) errors.push(duplicate(`${path}.audiences[${index}]`, audience));
  }
  const refuse = (why: string) => errors.push(invalid(`${path}.audienceMatchPolicy`, policy, why));
  if (audiences.length > 1 && policy !== "MatchAny") {
    refuse("audienceMatchPolicy must be MatchAny for multiple audiences");
  } else if (policy !== "" && policy !== "MatchAny") {
    refuse("audienceMatchPolicy must be empty or MatchAny for single audience");
  }
}

function holdsCertificate(pem: string): boolean {
  return pemBlocks(pem).some((block) => {
    try {
      return block.type === "CERTIFICATE" && new X509Certificate(block.text).subject.length >= 0;
    } catch {
      return false;
    }
  });
}

function checkUrl(text: string, path: string, errors: FieldError[]): void {
  const url = parseGoUrl(text);
  if (typeof url === "string") {
    errors.push(invalid(path, text, url));
    return;
  }
  if (url.scheme !== "https") errors.push(invalid(path, text, "URL scheme must be https"));
  if (url.user !== undefined) errors.push(invalid(path, text, "URL must not contain a username or password"));
  if (url.query !== "") errors.push(invalid(path, text, "URL must not contain a query"));
  if (url.fragment !== "") errors.push(invalid(path, text, "URL must not contain a fragment"));
}

/** What a mapping makes of a token's claims. */
type Reader<T> = (claims: Claims) => T;

function userMaker(entry: JwtEntry, path: string, errors: FieldError[]): Reader<UserInfo> {
  const mappings = `${path}.claimMappings`;
  const { username, groups, uid, extra } = entry.claimMappings;
  const checks = claimChecks(entry, path, errors);
  const readName = nameReader(username, `${mappings}.username`, errors);
  const readGroups = groupsReader(groups, `${mappings}.groups`, errors);
  const readUid = uidReader(uid, `${mappings}.uid`, errors);
  const readExtra = extraReader(extra, `${mappings}.extra`, errors);
  checkVerifiedEmail(entry, `${mappings}.username.expression`, errors);
  const judge = userChecks(entry, path, errors);
  return (claims) => {
    for (const check of checks) check(claims);
    const own = readUid(claims);
    const more = readExtra(claims);
    const user = {
      name: readName(claims),
      groups: readGroups(claims),
      ...(own === "" ? {} : { uid: own }),
      ...(Object.keys(more).length === 0 ? {} : { extra: more }),
    };
    if (user.name === "") throw new Error("oidc: username expression evaluated to an empty string");
    for (const check of judge) check(user);
    return user;
  };
}

function claimChecks({ claimValidationRules }: JwtEntry, path: string, errors: FieldError[]) {
  const seen = { claim: new Set<string>(), expression: new Set<string>() };
  const repeated = (field: "claim" | "expression", value: string, at: string): boolean => {
    const again = seen[field].has(value);
    if (again) errors.push(duplicate(`${at}.${field}`, value));
    seen[field].add(value);
    return again;
  };
  return claimValidationRules.flatMap(({ claim, requiredValue, expression, message }, index) => {
    const at = `${path}.claimValidationRules[${index}]`;
    if (claim === "" && expression === "") {
      errors.push(required(at, "claim or expression is required"));
      return [];
    }
    if (claim !== "" && expression !== "") {
      errors.push(invalid(at, claim, "claim and expression can't both be set"));
      return [];
    }
    const misplaced = (name: string, value: string, other: string): void => {
      if (value !== "") errors.push(invalid(`${at}.${name}`, value, `may not be specified when ${other} is set`));
    };
    if (claim !== "") {
      misplaced("message", message, "claim");
      repeated("claim", claim, at);
      return [(claims: Claims): void => checkClaim(claims, claim, requiredValue)];
    }
    misplaced("requiredValue", requiredValue, "expression");
    if (repeated("expression", expression, at)) return [];
    const compiled = compileTokenExpression("claims", expression, "bool", `${at}.expression`, errors);
    return [
      (claims: Claims): void => {
        if (compiled?.evaluate(claims) !== true) throw new Error(`oidc: ${refusal(expression, message)}`);
      },
    ];
  });
}

function userChecks({ userValidationRules }: JwtEntry, path: string, errors: FieldError[]) {
  const seen = new Set<string>();
  return userValidationRules.map(({ expression, message }, index) => {
    const at = `${path}.userValidationRules[${index}].expression`;
    if (seen.has(expression)) errors.push(duplicate(at, expression));
    seen.add(expression);
    if (expression === "") errors.push(required(at));
    const compiled = expression === "" ? undefined : compileTokenExpression("user", expression, "bool", at, errors);
    return (user: UserInfo): void => {
      if (compiled?.evaluate(userInput(user)) !== true) throw new Error(`oidc: ${refusal(expression, message)}`);
    };
  });
}

function refusal(expression: string, message: string): string {
  return `validation expression '${expression}' failed${message === "" ? "" : `: ${message}`}`;
}

/** A claim with its prefix, or an expression; one of them. */
function checkMapping(
  { claim, prefix, expression }: Mapping,
  path: string,
  needed: boolean,
  errors: FieldError[],
): void {
  if (claim !== "" && expression !== "") errors.push(invalid(path, "", "claim and expression can't both be set"));
  else if (claim === "" && expression === "") {
    if (needed) errors.push(required(path, "claim or expression is required"));
  } else if (claim !== "" && prefix === undefined) {
    const why = "prefix is required when claim is set. It can be set to an empty string to disable prefixing";
    errors.push(required(`${path}.prefix`, why));
  } else if (expression !== "" && prefix !== undefined) {
    errors.push(invalid(`${path}.prefix`, prefix, "may not be specified when expression is set"));
  }
}

function nameReader(mapping: Mapping, path: string, errors: FieldError[]): Reader<string> {
  checkMapping(mapping, path, true, errors);
  const { claim, prefix = "", expression } = mapping;
  if (expression !== "" && claim === "") {
    const compiled = compileTokenExpression("claims", expression, "string", `${path}.expression`, errors);
    return (claims) => textOf(compiled?.evaluate(claims), "username");
  }
  return (claims) => {
    if (claim === "email") checkEmail(claims);
    return `${prefix}${textOf(claims[claim], `parse username claims ${JSON.stringify(claim)}`)}`;
  };
}

function groupsReader(mapping: Mapping, path: string, errors: FieldError[]): Reader<readonly string[]> {
  checkMapping(mapping, path, false, errors);
  const { claim, prefix = "", expression } = mapping;
  if (expression !== "" && claim === "") {
    const compiled = compileTokenExpression("claims", expression, "texts", `${path}.expression`, errors);
    return (claims) => textsOf(compiled?.evaluate(claims), "groups");
  }
  if (claim === "") return () => [];
  return (claims) =>
    textsOf(claims[claim], `parse groups claim ${JSON.stringify(claim)}`).map((one) => `${prefix}${one}`);
}

function uidReader(
  { claim, expression }: JwtEntry["claimMappings"]["uid"],
  path: string,
  errors: FieldError[],
): Reader<string> {
  if (claim !== "" && expression !== "") errors.push(invalid(path, "", "claim and expression can't both be set"));
  if (expression !== "" && claim === "") {
    const compiled = compileTokenExpression("claims", expression, "string", `${path}.expression`, errors);
    return (claims) => textOf(compiled?.evaluate(claims), "uid");
  }
  return claim === "" ? () => "" : (claims) => textOf(claims[claim], `parse uid claim ${JSON.stringify(claim)}`);
}

function extraReader(
  entries: JwtEntry["claimMappings"]["extra"],
  path: string,
  errors: FieldError[],
): Reader<Record<string, readonly string[]>> {
  const seen = new Set<string>();
  const readers = entries.map(({ key, valueExpression }, index) => {
    const at = `${path}[${index}]`;
    checkExtraKey(key, `${at}.key`, seen, errors);
    seen.add(key);
    if (valueExpression === "") errors.push(required(`${at}.valueExpression`));
    const compiled =
      valueExpression === ""
        ? undefined
        : compileTokenExpression("claims", valueExpression, "texts", `${at}.valueExpression`, errors);
    return { key, compiled };
  });
  return (claims) =>
    Object.fromEntries(
      readers
        .map(({ key, compiled }): [string, readonly string[]] => [key, textsOf(compiled?.evaluate(claims), key)])
        .filter(([, values]) => values.length > 0),
    );
}

function checkExtraKey(key: string, path: string, seen: ReadonlySet<string>, errors: FieldError[]): void {
  if (key === "") errors.push(required(path));
  else if (!/^[^/]+\/.+$/.test(key)) {
    errors.push(invalid(path, key, 'must be a domain-prefixed path (such as "acme.io/foo")'));
  }
  if (key !== key.toLowerCase()) errors.push(invalid(path, key, "must be lowercase"));
  if (/^(?:.*\.)?(?:k8s|kubernetes)\.io\//.test(key)) {
    errors.push(invalid(path, key, "k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use"));
  }
  if (seen.has(key)) errors.push(duplicate(path, key));
}

/** A name made of an address must look at whether the address is verified. */
function checkVerifiedEmail(
  { claimMappings, claimValidationRules }: JwtEntry,
  path: string,
  errors: FieldError[],
): void {
  const { expression } = claimMappings.username;
  const speaksOf = (text: string, claim: string): boolean => new RegExp(`claims\\.\\??${claim}\\b(?!_)`).test(text);
  if (!speaksOf(expression, "email")) return;
  const verified = [expression, ...claimMappings.extra.map((one) => one.valueExpression)].some((text) =>
    speaksOf(text, "email_verified"),
  );
  if (verified || claimValidationRules.some((one) => speaksOf(one.expression, "email_verified"))) return;
  const why =
    "claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression";
  errors.push(invalid(path, expression, why));
}
