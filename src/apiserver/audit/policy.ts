import { parseYaml } from "../../apimachinery/index.ts";
import type { RequestInfo, UserInfo } from "../request/contract.ts";
import type { AuditLevel, AuditStage } from "./contract.ts";
import { pathMatches } from "../request/path-pattern.ts";

/** What the policy says of one request. */
export interface AuditDecision {
  readonly level: AuditLevel;
  readonly omitStages: ReadonlySet<AuditStage>;
  readonly omitManagedFields: boolean;
}

/** `audit.k8s.io/v1` Policy, as a file holds it. */
interface PolicyFile {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly rules?: readonly PolicyRule[];
  readonly omitStages?: readonly AuditStage[];
  readonly omitManagedFields?: boolean;
}

interface PolicyRule {
  readonly level: AuditLevel;
  readonly users?: readonly string[];
  readonly userGroups?: readonly string[];
  readonly verbs?: readonly string[];
  readonly resources?: readonly GroupResources[];
  readonly namespaces?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly omitStages?: readonly AuditStage[];
  readonly omitManagedFields?: boolean;
}

interface GroupResources {
  readonly group?: string;
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
}

const levels: ReadonlySet<string> = new Set(["None", "Metadata", "Request", "RequestResponse"]);
const stages: ReadonlySet<string> = new Set(["RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"]);

const unmatched: AuditDecision = { level: "None", omitStages: new Set(), omitManagedFields: false };

/** Decides by the first rule that matches; a request that none matches is not audited. */
export class AuditPolicy {
  readonly #rules: readonly (readonly [PolicyRule, AuditDecision])[];

  /** Throws on what upstream's API server refuses to start with. */
  constructor(file: PolicyFile) {
    const problems = problemsOf(file);
    if (problems.length > 0) throw new Error(`invalid audit policy: ${problems.join("; ")}`);
    this.#rules = (file.rules ?? []).map((rule) => [
      rule,
      {
        level: rule.level,
        omitStages: new Set([...(file.omitStages ?? []), ...(rule.omitStages ?? [])]),
        omitManagedFields: rule.omitManagedFields ?? file.omitManagedFields ?? false,
      },
    ]);
  }

  /** Reads `--audit-policy-file`. */
  static parse(text: string): AuditPolicy {
    const file = parseYaml(text).value as PolicyFile | null;
    if (file?.apiVersion !== "audit.k8s.io/v1" || file.kind !== "Policy") {
      throw new Error("failed decoding: expected an audit.k8s.io/v1 Policy");
    }
    return new AuditPolicy(file);
  }

  decide(user: UserInfo, info: RequestInfo): AuditDecision {
    for (const [rule, decision] of this.#rules) if (matches(rule, user, info)) return decision;
    return unmatched;
  }
}

function matches(rule: PolicyRule, user: UserInfo, info: RequestInfo): boolean {
  if (isGiven(rule.users) && !rule.users.includes(user.name)) return false;
  if (isGiven(rule.userGroups) && !rule.userGroups.some((group) => user.groups.includes(group))) return false;
  if (isGiven(rule.verbs) && !rule.verbs.includes(info.verb)) return false;
  if (isGiven(rule.namespaces) || isGiven(rule.resources)) return matchesResource(rule, info);
  return !isGiven(rule.nonResourceURLs) || matchesPath(rule.nonResourceURLs, info);
}

function matchesResource({ namespaces, resources }: PolicyRule, info: RequestInfo): boolean {
  if (!info.isResourceRequest) return false;
  if (isGiven(namespaces) && !namespaces.includes(info.namespace)) return false;
  if (!isGiven(resources)) return true;
  const { resource, subresource } = info;
  const whole = subresource === "" ? resource : `${resource}/${subresource}`;
  return resources.some((candidate) => {
    if ((candidate.group ?? "") !== info.apiGroup) return false;
    if (!isGiven(candidate.resources)) return true;
    if (isGiven(candidate.resourceNames) && !candidate.resourceNames.includes(info.name)) return false;
    return candidate.resources.some(
      (pattern) =>
        pattern === whole ||
        pattern === "*" ||
        (subresource !== "" && (pattern === `*/${subresource}` || pattern === `${resource}/*`)),
    );
  });
}

function matchesPath(urls: readonly string[], info: RequestInfo): boolean {
  if (info.isResourceRequest) return false;
  return urls.some((url) => pathMatches(url, info.path));
}

function isGiven<T>(list: readonly T[] | undefined): list is readonly T[] {
  return list !== undefined && list.length > 0;
}

function problemsOf({ rules = [], omitStages = [] }: PolicyFile): readonly string[] {
  if (rules.length === 0) return ["loaded illegal policy with 0 rules"];
  const problems = omitStages.flatMap((stage, at) => stageProblem(`omitStages[${at}]`, stage));
  for (const [at, rule] of rules.entries()) problems.push(...ruleProblems(`rules[${at}]`, rule));
  return problems;
}

function ruleProblems(path: string, rule: PolicyRule): readonly string[] {
  const problems: string[] = [];
  if (rule.level === undefined) problems.push(`${path}.level: Required value`);
  else if (!levels.has(rule.level)) {
    const supported = [...levels].map((level) => JSON.stringify(level)).join(", ");
    problems.push(`${path}.level: Unsupported value: ${JSON.stringify(rule.level)}: supported values: ${supported}`);
  }
  if (isGiven(rule.nonResourceURLs) && (isGiven(rule.resources) || isGiven(rule.namespaces))) {
    problems.push(
      `${path}.nonResourceURLs: Invalid value: rules cannot apply to both regular resources and non-resource URLs`,
    );
  }
  for (const url of rule.nonResourceURLs ?? []) {
    if (url !== "*" && !url.startsWith("/")) {
      problems.push(
        `${path}.nonResourceURLs: Invalid value: ${JSON.stringify(url)}: non-resource URL rules must begin with a '/' character`,
      );
    }
    if (url.slice(0, -1).includes("*")) {
      problems.push(
        `${path}.nonResourceURLs: Invalid value: ${JSON.stringify(url)}: non-resource URL wildcards '*' must be the final character of the rule`,
      );
    }
  }
  for (const [at, { resources, resourceNames }] of (rule.resources ?? []).entries()) {
    if (isGiven(resourceNames) && !isGiven(resources)) {
      problems.push(
        `${path}.resources[${at}].resourceNames: Invalid value: using resourceNames requires at least one resource`,
      );
    }
  }
  for (const [at, stage] of (rule.omitStages ?? []).entries())
    problems.push(...stageProblem(`${path}.omitStages[${at}]`, stage));
  return problems;
}

function stageProblem(path: string, stage: string): string[] {
  return stages.has(stage)
    ? []
    : [`${path}: Invalid value: ${JSON.stringify(stage)}: allowed stages are ${[...stages].join(",")}`];
}
