import type { SubjectAccessReview } from "../../api/index.ts";
import { parseFieldSelector, parseLabelSelector } from "../../apimachinery/index.ts";
import type { AuthorizationAttributes } from "./contract.ts";

export type ReviewSpec = SubjectAccessReview["spec"];
type ResourceAttributes = NonNullable<ReviewSpec["resourceAttributes"]>;

const selecting: ReadonlySet<string> = new Set(["list", "watch", "deletecollection"]);

/** The question that a webhook is asked about a request. */
export function reviewSpecOf(attributes: AuthorizationAttributes): ReviewSpec {
  const { user, isResourceRequest, path, verb } = attributes;
  return {
    ...(isResourceRequest
      ? { resourceAttributes: resourceAttributesOf(attributes) }
      : { nonResourceAttributes: { ...given({ path, verb }) } }),
    ...given({ user: user.name, uid: user.uid ?? "" }),
    ...(user.groups.length === 0 ? {} : { groups: [...user.groups] }),
    ...(user.extra === undefined || Object.keys(user.extra).length === 0 ? {} : { extra: copied(user.extra) }),
  };
}

function resourceAttributesOf(attributes: AuthorizationAttributes): ResourceAttributes {
  const { namespace, verb, apiGroup: group, apiVersion: version, resource, subresource, name } = attributes;
  const field = selecting.has(verb) ? fieldRequirements(attributes.fieldSelector) : [];
  const label = selecting.has(verb) ? labelRequirements(attributes.labelSelector) : [];
  return {
    ...given({ namespace, verb, group, version, resource, subresource, name }),
    ...(field.length === 0 ? {} : { fieldSelector: { requirements: field } }),
    ...(label.length === 0 ? {} : { labelSelector: { requirements: label } }),
  };
}

/** Selectors only narrow what is asked for: one that cannot be read is left out. */
function fieldRequirements(text: string | undefined) {
  if (text === undefined || text === "") return [];
  try {
    return parseFieldSelector(text).requirements.map(({ field, operator, value }) => ({
      key: field,
      operator: operator === "=" ? "In" : "NotIn",
      values: [value],
    }));
  } catch {
    return [];
  }
}

const labelOperators: Readonly<Record<string, string>> = {
  "=": "In",
  "==": "In",
  in: "In",
  "!=": "NotIn",
  notin: "NotIn",
  exists: "Exists",
  "!": "DoesNotExist",
};

function labelRequirements(text: string | undefined) {
  if (text === undefined || text === "") return [];
  try {
    return parseLabelSelector(text).requirements.flatMap(({ key, operator, values }) => {
      const known = labelOperators[operator];
      if (known === undefined) return [];
      return { key, operator: known, ...(values.length === 0 ? {} : { values: [...values] }) };
    });
  } catch {
    return [];
  }
}

function given<K extends string>(values: Readonly<Record<K, string>>): Partial<Record<K, string>> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== "")) as Partial<Record<K, string>>;
}

function copied(extra: Readonly<Record<string, readonly string[]>>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]]));
}
