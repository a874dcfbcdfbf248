import type { SubjectAccessReview } from "../../api/index.ts";
import {
  escapeFieldValue,
  type FieldError,
  type FieldPath,
  fieldPath,
  forbidden,
  invalid,
  isValidLabelValue,
  newInvalid,
  type ObjectMeta,
  parseFieldSelector,
  parseLabelSelector,
  required,
  validateLabelName,
} from "../../apimachinery/index.ts";

type Spec = SubjectAccessReview["spec"];
type Resource = NonNullable<Spec["resourceAttributes"]>;
type Selector = NonNullable<Resource["fieldSelector"]>;
type Requirement = NonNullable<Selector["requirements"]>[number];

interface Review {
  readonly metadata?: ObjectMeta;
  readonly spec: Spec;
}

interface Rules {
  /** Somebody else's access is asked for. */
  readonly needsUser: boolean;
  /** The namespace of a review that is of one. */
  readonly namespace?: string;
}

const specPath = fieldPath("spec");
const resourcePath = specPath.child("resourceAttributes");
const pathPath = specPath.child("nonResourceAttributes");

/** Throws what is wrong with the question. */
export function checkAccessReview({ metadata = {}, spec }: Review, rules: Rules): void {
  const errors: FieldError[] = [];
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec;
  // As Go shows its internal type.
  const shownPath = path && { Path: path.path ?? "", Verb: path.verb ?? "" };
  if (resource !== undefined && path !== undefined) {
    errors.push(invalid(pathPath, shownPath, "cannot be specified in combination with resourceAttributes"));
  }
  if (resource === undefined && path === undefined) {
    const detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
    errors.push(invalid(resourcePath, null, detail));
  }
  if (rules.needsUser && !spec.user && !spec.groups?.length) {
    errors.push(invalid(specPath.child("user"), spec.user ?? "", "at least one of user or group must be specified"));
  }
  checkSelector(resource?.fieldSelector, resourcePath.child("fieldSelector"), errors, checkField);
  checkSelector(resource?.labelSelector, resourcePath.child("labelSelector"), errors, checkLabel);
  checkMetadata(metadata, rules.namespace, errors);
  if (rules.namespace !== undefined) {
    if (resource !== undefined && (resource.namespace ?? "") !== rules.namespace) {
      errors.push(invalid(resourcePath.child("namespace"), resource.namespace ?? "", "must match metadata.namespace"));
    }
    if (path !== undefined) errors.push(invalid(pathPath, shownPath, "disallowed on this kind of request"));
  }
  // Upstream's internal object does not know its kind.
  if (errors.length > 0) throw newInvalid({ group: "authorization.k8s.io", kind: "" }, "", errors);
}

function checkMetadata(metadata: ObjectMeta, namespace: string | undefined, errors: FieldError[]): void {
  const { managedFields: _fields, namespace: own, ...rest } = metadata;
  const given = Object.values(rest).some((value) => !isEmpty(value));
  if (namespace !== undefined && given) {
    errors.push(invalid("metadata", metadata, "must be empty except for namespace"));
  } else if (namespace === undefined && (given || !isEmpty(own))) {
    errors.push(invalid("metadata", metadata, "must be empty"));
  }
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === "" || value === 0) return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

function checkSelector(
  selector: Selector | undefined,
  path: FieldPath,
  errors: FieldError[],
  check: (requirement: Requirement, path: FieldPath, errors: FieldError[]) => void,
): void {
  if (selector === undefined) return;
  const { rawSelector = "", requirements = [] } = selector;
  if (rawSelector !== "" && requirements.length > 0) {
    const detail = "may not specified at the same time as requirements";
    errors.push(invalid(path.child("rawSelector"), rawSelector, detail));
  }
  if (rawSelector === "" && requirements.length === 0) {
    const detail = `when ${path} is specified, requirements or rawSelector is required`;
    errors.push(required(path.child("requirements"), detail));
  }
  for (const [index, requirement] of requirements.entries()) {
    check(requirement, path.child("requirements").index(index), errors);
  }
}

function checkField(requirement: Requirement, path: FieldPath, errors: FieldError[]): void {
  if (requirement.key === "") errors.push(required(path.child("key"), "must be specified"));
  checkValues(requirement, path, errors);
}

function checkLabel(requirement: Requirement, path: FieldPath, errors: FieldError[]): void {
  checkValues(requirement, path, errors);
  validateLabelName(requirement.key, path.child("key"), errors);
  for (const [index, value] of (requirement.values ?? []).entries()) {
    for (const message of isValidLabelValue(value)) {
      errors.push(invalid(path.child("values").index(index), value, message));
    }
  }
}

/** Operators that are not known are let through: a newer client may know more. */
function checkValues({ operator, values = [] }: Requirement, path: FieldPath, errors: FieldError[]): void {
  const at = path.child("values");
  if (["In", "NotIn"].includes(operator) && values.length === 0) {
    errors.push(required(at, "must be specified when `operator` is 'In' or 'NotIn'"));
  }
  if (["Exists", "DoesNotExist"].includes(operator) && values.length > 0) {
    errors.push(forbidden(at, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
  }
}

/** The selectors of the question as text. What cannot be said in one is left out: the question is then a wider one. */
export function selectorsOf({ fieldSelector, labelSelector }: Resource): {
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
} {
  const field = textOf(fieldSelector, fieldTerm);
  const label = textOf(labelSelector, labelTerm);
  return {
    ...(field === "" ? {} : { fieldSelector: field }),
    ...(label === "" ? {} : { labelSelector: label }),
  };
}

function textOf(selector: Selector | undefined, term: (requirement: Requirement) => string | undefined): string {
  const { rawSelector = "", requirements = [] } = selector ?? {};
  if (rawSelector !== "") return rawSelector;
  return requirements.flatMap((requirement) => term(requirement) ?? []).join(",");
}

/** What of the selectors the answer does not take into account, in upstream's words. */
export function ignoredOf(resource: Resource | undefined): readonly string[] {
  const { fieldSelector, labelSelector } = resource ?? {};
  return [
    ...ignored("fieldSelector", fieldSelector, parseFieldSelector, isFieldTerm),
    ...ignored("labelSelector", labelSelector, parseLabelSelector, isLabelTerm),
  ];
}

function ignored(
  name: string,
  selector: Selector | undefined,
  parse: (text: string) => unknown,
  isTerm: (requirement: Requirement) => boolean,
): readonly string[] {
  const { rawSelector = "", requirements = [] } = selector ?? {};
  const understood = requirements.filter(isTerm).length;
  if (understood === requirements.length && (rawSelector === "" || canParse(rawSelector, parse))) return [];
  return [`spec.resourceAttributes.${name} ${understood === 0 ? "" : "partially "}ignored due to parse error`];
}

function canParse(text: string, parse: (text: string) => unknown): boolean {
  try {
    parse(text);
    return true;
  } catch {
    return false;
  }
}

function isFieldTerm({ operator, values = [] }: Requirement): boolean {
  return (operator === "In" || operator === "NotIn") && values.length === 1;
}

function isLabelTerm({ operator }: Requirement): boolean {
  return ["In", "NotIn", "Exists", "DoesNotExist"].includes(operator);
}

/** A selector's text could not tell these in a key from where the key ends, or the next term begins. */
const unsayable = /[,=!\\\s]/;

function fieldTerm({ key, operator, values = [] }: Requirement): string | undefined {
  const [value] = values;
  if (value === undefined || values.length > 1 || key === "" || unsayable.test(key)) return undefined;
  if (operator === "In") return `${key}=${escapeFieldValue(value)}`;
  return operator === "NotIn" ? `${key}!=${escapeFieldValue(value)}` : undefined;
}

function labelTerm({ key, operator, values = [] }: Requirement): string | undefined {
  switch (operator) {
    case "In":
      return `${key} in (${values.join(",")})`;
    case "NotIn":
      return `${key} notin (${values.join(",")})`;
    case "Exists":
      return key;
    case "DoesNotExist":
      return `!${key}`;
    default:
      return undefined;
  }
}
