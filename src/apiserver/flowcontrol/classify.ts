import type { FlowSchema, NonResourcePolicyRule, ResourcePolicyRule, Subject } from "../../api/index.ts";
import type { RequestInfo, UserInfo } from "../request/contract.ts";

type Test<T> = (value: T) => boolean;

/** Whether a flow schema is meant for a request. */
export type SchemaMatcher = (user: UserInfo, info: RequestInfo) => boolean;

/** Any rule with one of its subjects and one of its resource or path rules. Upstream: `matchesFlowSchema`. */
export function compileSchema({ spec }: FlowSchema): SchemaMatcher {
  const rules = (spec.rules ?? []).map(({ subjects, resourceRules = [], nonResourceRules = [] }) => ({
    subjects: subjects.map(compileSubject),
    resources: resourceRules.map(compileResourceRule),
    paths: nonResourceRules.map(compilePathRule),
  }));
  return (user, info) =>
    rules.some(
      ({ subjects, resources, paths }) =>
        (info.isResourceRequest ? resources : paths).some((test) => test(info)) && subjects.some((test) => test(user)),
    );
}

/** The namespaces that make a difference to a schema. */
export function namespacesOf({ spec }: FlowSchema): readonly string[] {
  const named = (spec.rules ?? []).flatMap(({ resourceRules = [] }) =>
    resourceRules.flatMap(({ namespaces = [] }) => namespaces),
  );
  return named.filter((namespace) => namespace !== "*");
}

/** First by precedence, then by name. */
export function compareSchemas(a: FlowSchema, b: FlowSchema): number {
  const byPrecedence = precedenceOf(a) - precedenceOf(b);
  return byPrecedence !== 0 ? byPrecedence : (a.metadata.name ?? "") < (b.metadata.name ?? "") ? -1 : 1;
}

const precedenceOf = ({ spec }: FlowSchema): number => spec.matchingPrecedence ?? 1_000;

function compileSubject({ kind, user, group, serviceAccount }: Subject): Test<UserInfo> {
  if (kind === "User") {
    const name = user?.name ?? "";
    return name === "*" ? always : (asked) => asked.name === name;
  }
  if (kind === "Group") {
    const name = group?.name ?? "";
    return name === "*" ? always : (asked) => asked.groups.includes(name);
  }
  const prefix = `system:serviceaccount:${serviceAccount?.namespace ?? ""}:`;
  const name = serviceAccount?.name ?? "";
  if (name === "*") return (asked) => asked.name.startsWith(prefix);
  return (asked) => asked.name === prefix + name;
}

function compileResourceRule(rule: ResourcePolicyRule): Test<RequestInfo> {
  const verb = oneOf(rule.verbs);
  const group = oneOf(rule.apiGroups);
  const resource = oneOf(rule.resources);
  const namespace = oneOf(rule.namespaces ?? []);
  const { clusterScope = false } = rule;
  return (info) =>
    verb(info.verb) &&
    group(info.apiGroup) &&
    resource(info.subresource === "" ? info.resource : `${info.resource}/${info.subresource}`) &&
    (info.namespace === "" ? clusterScope : namespace(info.namespace));
}

function compilePathRule({ verbs, nonResourceURLs }: NonResourcePolicyRule): Test<RequestInfo> {
  const verb = oneOf(verbs);
  const exact = oneOf(nonResourceURLs);
  const prefixes = nonResourceURLs.filter((url) => url.endsWith("*")).map((url) => url.slice(0, -1));
  return (info) => verb(info.verb) && (exact(info.path) || prefixes.some((prefix) => info.path.startsWith(prefix)));
}

function oneOf(values: readonly string[]): Test<string> {
  if (values.includes("*")) return always;
  const known = new Set(values);
  return (value) => known.has(value);
}

function always(): boolean {
  return true;
}
