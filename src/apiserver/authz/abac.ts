import { messageOf } from "../../base/index.ts";
import type { UserInfo } from "../request/contract.ts";
import type { AuthorizationAttributes, AuthorizationDecision, Authorizer, RuleResolver } from "./contract.ts";
import { pathMatches } from "../request/path-pattern.ts";

interface AbacPolicy {
  readonly user: string;
  readonly group: string;
  readonly readonly: boolean;
  readonly apiGroup: string;
  readonly resource: string;
  readonly namespace: string;
  readonly nonResourcePath: string;
}

/** A line as it stands in the file: version v1beta1 has a spec, the one before it has not. */
interface PolicyLine extends Partial<AbacPolicy> {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly spec?: Partial<AbacPolicy>;
}

const readingVerbs: ReadonlySet<string> = new Set(["get", "list", "watch"]);
const everyone = "system:authenticated";

/** `--authorization-mode=ABAC`: one policy per line of `--authorization-policy-file`. Throws on a line that is none. */
export function abacAuthorizer(path: string, text: string): Authorizer & RuleResolver {
  const policies = text.split("\n").flatMap((line, index) => {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#")) return [];
    try {
      return [policyOf(JSON.parse(trimmed) as PolicyLine)];
    } catch (error) {
      const reason = messageOf(error);
      throw new Error(`error reading policy file ${path}, line ${index + 1}: ${trimmed}: ${reason}`, { cause: error });
    }
  });
  return {
    name: "ABAC",
    authorize: (attributes): AuthorizationDecision =>
      policies.some((policy) => allows(policy, attributes))
        ? { decision: "allow", reason: "" }
        : { decision: "no-opinion", reason: "No policy matched." },
    rulesFor: (user, namespace) => rulesFor(policies, user, namespace),
  };
}

function policyOf(line: PolicyLine): AbacPolicy {
  if (line.apiVersion === undefined && line.kind === undefined) return fromUnversioned(line);
  if (line.apiVersion !== "abac.authorization.kubernetes.io/v1beta1" || line.kind !== "Policy") {
    throw new Error(
      `no kind ${JSON.stringify(line.kind ?? "")} is registered for version ${JSON.stringify(line.apiVersion ?? "")}`,
    );
  }
  const { user = "", group = "", readonly = false, apiGroup = "", resource = "" } = line.spec ?? {};
  const { namespace = "", nonResourcePath = "" } = line.spec ?? {};
  return { ...subjects(user, group), readonly, apiGroup, resource, namespace, nonResourcePath };
}

/** Before versions, what was not said meant all. */
function fromUnversioned({
  user = "",
  group = "",
  readonly = false,
  resource = "",
  namespace = "",
}: PolicyLine): AbacPolicy {
  const anybody = user === "" && group === "";
  return {
    ...(anybody ? { user: "", group: everyone } : subjects(user, group)),
    readonly,
    apiGroup: "*",
    resource: resource === "" ? "*" : resource,
    namespace: namespace === "" ? "*" : namespace,
    nonResourcePath: resource === "" && namespace === "" ? "*" : "",
  };
}

/** `*` stands for users that are authenticated. */
function subjects(user: string, group: string): { readonly user: string; readonly group: string } {
  if (user === "*" || group === "*")
    return { user: user === "*" ? "" : user, group: group === "*" || group === "" ? everyone : group };
  return { user, group };
}

function allows(policy: AbacPolicy, attributes: AuthorizationAttributes): boolean {
  if (!matchesSubject(policy, attributes.user)) return false;
  if (policy.readonly && !readingVerbs.has(attributes.verb)) return false;
  if (!attributes.isResourceRequest) return pathMatches(policy.nonResourcePath, attributes.path);
  return (
    isOrAll(policy.namespace, attributes.namespace) &&
    isOrAll(policy.resource, attributes.resource) &&
    isOrAll(policy.apiGroup, attributes.apiGroup)
  );
}

/** A policy that names a user and a group wants both; one that names neither is for nobody. */
function matchesSubject({ user, group }: AbacPolicy, { name, groups }: UserInfo): boolean {
  if (user === "" && group === "") return false;
  return (user === "" || user === name) && (group === "" || groups.includes(group));
}

function isOrAll(pattern: string, value: string): boolean {
  return pattern === "*" || pattern === value;
}

function rulesFor(policies: readonly AbacPolicy[], user: UserInfo, namespace: string) {
  const mine = policies.filter((policy) => matchesSubject(policy, user) && isOrAll(policy.namespace, namespace));
  const verbs = ({ readonly }: AbacPolicy) => (readonly ? [...readingVerbs] : ["*"]);
  return {
    resourceRules: mine
      .filter(({ resource }) => resource !== "")
      .map((policy) => ({ verbs: verbs(policy), apiGroups: [policy.apiGroup], resources: [policy.resource] })),
    nonResourceRules: policies
      .filter((policy) => policy.nonResourcePath !== "" && matchesSubject(policy, user))
      .map((policy) => ({ verbs: verbs(policy), nonResourceURLs: [policy.nonResourcePath] })),
    incomplete: false,
  };
}
