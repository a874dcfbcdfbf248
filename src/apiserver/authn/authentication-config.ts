import {
  parseYaml,
  aggregateFieldErrors,
  duplicate,
  type FieldError,
  invalid,
  required,
  tooMany,
} from "../../apimachinery/index.ts";
import { type ConfigOf, decodeConfiguration, field } from "../../component/index.ts";
import type { UserInfo } from "../request/contract.ts";
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

/** Reads `--authentication-config`. Throws what upstream refuses to start with, all at once. */
export function parseAuthenticationConfig(text: string): AuthenticationFile {
  const { jwt, anonymous } = decodeConfiguration(parseYaml(text).value, kind);
  const errors: FieldError[] = [];
  if (jwt.length > issuersMax) errors.push(tooMany("jwt", jwt.length, issuersMax));
  const seen = new Set<string>();
  const issuers = jwt.map((entry, index) => issuerFrom(entry, `jwt[${index}]`, seen, errors));
  if (anonymous !== undefined && !anonymous.enabled && anonymous.conditions.length > 0) {
    errors.push(invalid("anonymous.conditions", "", "enabled should be set to true when conditions are defined"));
  }
  if (errors.length > 0) throw new Error(aggregateFieldErrors(errors));
  return {
    issuers,
    anonymous:
      anonymous === undefined
        ? undefined
        : { enabled: anonymous.enabled, paths: anonymous.conditions.map(({ path }) => path) },
  };
}

function issuerFrom(entry: JwtEntry, path: string, seen: Set<string>, errors: FieldError[]): ConfiguredIssuer {
  const { issuer } = entry;
  checkIssuer(issuer, `${path}.issuer`, errors);
  if (seen.has(issuer.url)) errors.push(duplicate(`${path}.issuer.url`, issuer.url));
  seen.add(issuer.url);
  return {
    url: issuer.url,
    discoveryUrl: issuer.discoveryURL === "" ? undefined : issuer.discoveryURL,
    certificateAuthority: issuer.certificateAuthority === "" ? undefined : issuer.certificateAuthority,
    audiences: issuer.audiences,
    userOf: userMaker(entry, path, errors),
  };
}

function checkIssuer(issuer: JwtEntry["issuer"], path: string, errors: FieldError[]): void {
  if (issuer.url === "") errors.push(required(`${path}.url`, "URL is required"));
  else checkUrl(issuer.url, `${path}.url`, errors);
  if (issuer.discoveryURL !== "") {
    checkUrl(issuer.discoveryURL, `${path}.discoveryURL`, errors);
    if (issuer.discoveryURL === issuer.url) {
      errors.push(invalid(`${path}.discoveryURL`, issuer.discoveryURL, "discoveryURL must be different from URL"));
    }
  }
  if (issuer.audiences.length === 0) {
    errors.push(required(`${path}.audiences`, `at least one ${path}.audiences is required`));
  }
  if (issuer.audiences.length > 1 && issuer.audienceMatchPolicy !== "MatchAny") {
    const why = "audienceMatchPolicy must be MatchAny for multiple audiences";
    errors.push(invalid(`${path}.audienceMatchPolicy`, issuer.audienceMatchPolicy, why));
  }
}

function checkUrl(text: string, path: string, errors: FieldError[]): void {
  let url: URL;
  try {
    url = new URL(text);
  } catch (error) {
    errors.push(invalid(path, text, String(error)));
    return;
  }
  if (url.protocol !== "https:") errors.push(invalid(path, text, "URL scheme must be https"));
  if (url.username !== "" || url.password !== "") {
    errors.push(invalid(path, text, "URL must not contain a username or password"));
  }
  if (url.search !== "") errors.push(invalid(path, text, "URL must not contain a query"));
  if (url.hash !== "") errors.push(invalid(path, text, "URL must not contain a fragment"));
}

/** What a mapping makes of a token's claims. */
type Reader<T> = (claims: Claims) => T;

function userMaker(entry: JwtEntry, path: string, errors: FieldError[]): Reader<UserInfo> {
  const mappings = `${path}.claimMappings`;
  const { username, groups, uid, extra } = entry.claimMappings;
  const checks = claimChecks(entry, path, errors);
  const readName = nameReader(username, `${mappings}.username`, errors);
  checkVerifiedEmail(entry, `${mappings}.username.expression`, errors);
  const readGroups = groupsReader(groups, `${mappings}.groups`, errors);
  const readUid = uidReader(uid, `${mappings}.uid`, errors);
  const readExtra = extraReader(extra, `${mappings}.extra`, errors);
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
    if (claim !== "") return [(claims: Claims): void => checkClaim(claims, claim, requiredValue)];
    const compiled = compileTokenExpression("claims", expression, "bool", `${at}.expression`, errors);
    return [
      (claims: Claims): void => {
        if (compiled?.evaluate(claims) !== true) throw new Error(`oidc: ${refusal(expression, message)}`);
      },
    ];
  });
}

function userChecks({ userValidationRules }: JwtEntry, path: string, errors: FieldError[]) {
  return userValidationRules.map(({ expression, message }, index) => {
    const at = `${path}.userValidationRules[${index}].expression`;
    if (expression === "") errors.push(required(at, "expression is required"));
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
    else if (prefix !== undefined) errors.push(invalid(path, prefix, "prefix can't be set when claim is not set"));
  } else if (claim !== "" && prefix === undefined) {
    const why = "prefix is required when claim is set. It can be set to an empty string to disable prefixing.";
    errors.push(required(`${path}.prefix`, why));
  } else if (expression !== "" && prefix !== undefined) {
    errors.push(invalid(`${path}.prefix`, prefix, "prefix can't be set when expression is set"));
  }
}

function nameReader(mapping: Mapping, path: string, errors: FieldError[]): Reader<string> {
  checkMapping(mapping, path, true, errors);
  const { claim, prefix = "", expression } = mapping;
  if (expression !== "") {
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
  if (expression !== "") {
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
  if (expression !== "") {
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
    if (valueExpression === "") errors.push(required(`${at}.valueExpression`, "valueExpression is required"));
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
  else if (seen.has(key)) errors.push(duplicate(path, key));
  else if (key !== key.toLowerCase()) errors.push(invalid(path, key, "key must be lowercase"));
  else if (!/^[^/]+\.[^/]+\/.+$/.test(key) && !/^[^/]+\/.+$/.test(key)) {
    errors.push(invalid(path, key, 'must be a domain-prefixed path (such as "acme.io/foo")'));
  } else if (/^(?:.*\.)?(?:k8s|kubernetes)\.io\//.test(key)) {
    errors.push(invalid(path, key, "k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use"));
  }
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
