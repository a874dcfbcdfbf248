import type { flowcontrolV1, FlowSchema } from "../../../api/index.ts";
import {
  fieldPath,
  type FieldPath,
  forbidden,
  invalid,
  nameIsDnsLabel,
  notSupported,
  required,
  semanticEqual,
} from "../../../apimachinery/index.ts";
import { mandatory } from "../../flowcontrol/bootstrap.ts";
import { addMessages, checkEach, checkObjectName, checkRequired, type Errors } from "../common/check.ts";
import { collect, specAndStatus, statusAlone } from "../common/lifecycle.ts";
import { ageColumn, defineTable, nameColumn, none, text } from "../common/table.ts";
import type { Strategy } from "../contract.ts";
import { checkConditions, statusRules } from "./conditions.ts";

type Subject = flowcontrolV1.Subject;

const specPath = fieldPath("spec");
const precedenceMax = 10_000;
const distinguishers = ["ByNamespace", "ByUser"];
const verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"];

const check = (schema: FlowSchema) => collect((errors) => checkSchema(schema, errors));

export const flowSchemaStrategy: Strategy<FlowSchema> = {
  ...specAndStatus<FlowSchema>(),
  validate: check,
  validateUpdate: check,
  allowUnconditionalUpdate: true,
  status: statusRules<FlowSchema>(),
  resetFields: statusAlone,
  table: defineTable([
    nameColumn,
    text("PriorityLevel", "The level of what it matches.", ({ spec }) => spec.priorityLevelConfiguration.name),
    text("MatchingPrecedence", "The lowest that matches wins.", ({ spec }) => spec.matchingPrecedence ?? 0),
    text("DistinguisherMethod", "How flows are told apart.", ({ spec }) => none(spec.distinguisherMethod?.type)),
    ageColumn,
    text("MissingPL", "Whether its level is missing.", ({ status }) => {
      return status?.conditions?.find(({ type }) => type === "Dangling")?.status ?? "?";
    }),
  ]),
};

function checkSchema(schema: FlowSchema, errors: Errors): void {
  const { metadata, spec } = schema;
  const { name = "" } = metadata;
  const { distinguisherMethod: method, rules = [], matchingPrecedence = 0 } = spec;
  checkPrecedence(name, matchingPrecedence, errors);
  if (method !== undefined && !distinguishers.includes(method.type)) {
    const path = specPath.child("distinguisherMethod").child("type");
    errors.push(notSupported(path, { Type: method.type }, distinguishers));
  }
  const levelPath = specPath.child("priorityLevelConfiguration").child("name");
  const level = spec.priorityLevelConfiguration.name;
  if (level === "") errors.push(required(levelPath, "must reference a priority level"));
  else checkObjectName(level, levelPath, errors);
  checkEach(rules, specPath.child("rules"), errors, checkRules);
  const fixed = mandatory.schemas.find((one) => one.metadata.name === name);
  if (fixed !== undefined && !semanticEqual(spec, fixed.spec)) {
    errors.push(invalid(specPath, spec, `spec of '${name}' must equal the fixed value`));
  }
  checkConditions(schema, errors);
}

function checkPrecedence(name: string, precedence: number, errors: Errors): void {
  const path = specPath.child("matchingPrecedence");
  if (precedence <= 0) errors.push(invalid(path, precedence, "must be a positive value"));
  if (precedence > precedenceMax) errors.push(invalid(path, precedence, `must not be greater than ${precedenceMax}`));
  if (precedence === 1 && name !== "exempt") {
    errors.push(invalid(path, precedence, "only the schema named 'exempt' may have matchingPrecedence 1"));
  }
}

function checkRules(rule: flowcontrolV1.PolicyRulesWithSubjects, path: FieldPath, errors: Errors): void {
  const { subjects = [], resourceRules = [], nonResourceRules = [] } = rule;
  const subjectsPath = path.child("subjects");
  if (subjects.length === 0) errors.push(required(subjectsPath, "subjects must contain at least one value"));
  checkEach(subjects, subjectsPath, errors, checkSubject);
  if (resourceRules.length + nonResourceRules.length === 0) {
    errors.push(required(path, "at least one of resourceRules and nonResourceRules has to be non-empty"));
  }
  checkEach(resourceRules, path.child("resourceRules"), errors, checkResourceRule);
  checkEach(nonResourceRules, path.child("nonResourceRules"), errors, checkPathRule);
}

/** Which field goes with which kind, in upstream's order. */
const subjectFields = { ServiceAccount: "serviceAccount", User: "user", Group: "group" } as const;

function checkSubject(subject: Subject, path: FieldPath, errors: Errors): void {
  const { kind } = subject;
  const own = subjectFields[kind as keyof typeof subjectFields];
  if (own === undefined) {
    errors.push(notSupported(path.child("kind"), kind, ["Group", "ServiceAccount", "User"]));
    return;
  }
  const at = path.child(own);
  if (subject[own] === undefined) errors.push(required(at, `${own} is required when subject kind is '${kind}'`));
  else if (own === "serviceAccount") checkServiceAccount(subject.serviceAccount, at, errors);
  else checkRequired(subject[own]?.name, at.child("name"), errors);
  for (const [other, field] of Object.entries(subjectFields)) {
    if (field === own || subject[field] === undefined) continue;
    errors.push(forbidden(path.child(field), `${field} is forbidden when subject kind is not '${other}'`));
  }
}

function checkServiceAccount(account: Subject["serviceAccount"], path: FieldPath, errors: Errors): void {
  const { name = "", namespace = "" } = account ?? {};
  if (name === "") errors.push(required(path.child("name")));
  else if (name !== "*") checkObjectName(name, path.child("name"), errors);
  const at = path.child("namespace");
  if (namespace === "") errors.push(required(at, "must specify namespace for service account"));
  else addMessages(nameIsDnsLabel(namespace, false), namespace, at, errors);
}

/** `*` stands alone. `what`: how upstream calls the others. */
function checkWildcard(list: readonly string[], what: string, path: FieldPath, errors: Errors): void {
  if (list.length < 2 || !list.includes("*")) return;
  errors.push(invalid(path, list, `if '*' is present, must not specify other ${what}`));
}

function checkVerbs(list: readonly string[], path: FieldPath, errors: Errors): void {
  const at = path.child("verbs");
  if (list.length === 0) errors.push(required(at, "verbs must contain at least one value"));
  checkWildcard(list, "verbs", at, errors);
  if (!list.includes("*") && list.some((verb) => !verbs.includes(verb))) errors.push(notSupported(at, list, verbs));
}

function checkResourceRule(rule: flowcontrolV1.ResourcePolicyRule, path: FieldPath, errors: Errors): void {
  const { apiGroups = [], resources = [], namespaces = [], clusterScope = false } = rule;
  checkVerbs(rule.verbs ?? [], path, errors);
  const groupsPath = path.child("apiGroups");
  if (apiGroups.length === 0) errors.push(required(groupsPath, "resource rules must supply at least one api group"));
  checkWildcard(apiGroups, "api groups", groupsPath, errors);
  const resourcesPath = path.child("resources");
  if (resources.length === 0) errors.push(required(resourcesPath, "resource rules must supply at least one resource"));
  checkWildcard(resources, "resources", resourcesPath, errors);
  const at = path.child("namespaces");
  if (namespaces.length === 0 && !clusterScope) {
    const why = "resource rules that are not cluster scoped must supply at least one namespace";
    errors.push(required(at, why));
  }
  checkWildcard(namespaces, "namespaces", at, errors);
  if (namespaces.includes("*")) return;
  checkEach(namespaces, at, errors, (namespace, onePath) => {
    for (const message of nameIsDnsLabel(namespace, false)) {
      const why = `each member of this list must be '*' or a DNS-1123 label; ${message}`;
      errors.push(invalid(onePath, namespace, why));
    }
  });
}

function checkPathRule(rule: flowcontrolV1.NonResourcePolicyRule, path: FieldPath, errors: Errors): void {
  const urls = rule.nonResourceURLs ?? [];
  checkVerbs(rule.verbs ?? [], path, errors);
  const at = path.child("nonResourceURLs");
  if (urls.length === 0) errors.push(required(at, "nonResourceURLs must contain at least one value"));
  checkWildcard(urls, "non-resource URLs", at, errors);
  if (urls.includes("*")) return;
  checkEach(urls, at, errors, (url, onePath) => {
    const wrong = pathError(url);
    if (wrong !== undefined) errors.push(invalid(onePath, url, wrong));
  });
}

function pathError(url: string): string | undefined {
  if (url === "") return "must not be empty";
  if (url === "/") return undefined;
  if (!url.startsWith("/")) return "must start with slash";
  if (url.includes(" ")) return "must not contain white-space";
  if (url.includes("//")) return "must not contain double slash";
  const wildcards = url.split("*").length - 1;
  if (wildcards > 1 || (wildcards === 1 && !url.endsWith("/*"))) return "wildcard can only do suffix matching";
  return undefined;
}
