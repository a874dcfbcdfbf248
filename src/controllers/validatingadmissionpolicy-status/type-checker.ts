import { admissionVariables, type ValidatingAdmissionPolicy, type VariableOptions } from "../../api/index.ts";
import {
  type CelType,
  dynType,
  type GroupVersionKind,
  kubernetesEnvironment,
  type ObjectField,
} from "../../apimachinery/index.ts";

/** As many kinds of one rule are looked at. */
const kindsMax = 10;

export interface ExpressionWarning {
  readonly fieldRef: string;
  readonly warning: string;
}

/** What is known of the cluster's kinds. */
export interface KnownTypes {
  kindOf(group: string, version: string, resource: string): Promise<GroupVersionKind | undefined>;
  typeOf(kind: GroupVersionKind): Promise<CelType | undefined>;
}

type Policy = ValidatingAdmissionPolicy;
type Rule = NonNullable<NonNullable<Policy["spec"]["matchConstraints"]>["resourceRules"]>[number];

/** A kind that a policy judges, and its expressions' variables then. */
interface Target {
  readonly kind: GroupVersionKind;
  readonly options: VariableOptions;
}

/** What of a policy's expressions cannot be right for the kinds that it names. Upstream: `TypeChecker.Check`. */
export async function checkTypes({ spec }: Policy, types: KnownTypes): Promise<readonly ExpressionWarning[]> {
  const targets = await targetsOf(spec, types);
  const warnings: ExpressionWarning[] = [];
  const check = (fieldRef: string, expression: string) => {
    const problems = targets.flatMap((target) => problemOf(target, expression) ?? []);
    if (problems.length > 0) warnings.push({ fieldRef, warning: problems.join("\n") });
  };
  for (const [index, { expression, messageExpression = "" }] of (spec.validations ?? []).entries()) {
    check(`spec.validations[${index}].expression`, expression);
    if (messageExpression !== "") check(`spec.validations[${index}].messageExpression`, messageExpression);
  }
  return warnings;
}

function problemOf({ kind, options }: Target, expression: string): string | undefined {
  const compiled = kubernetesEnvironment.compile(expression, { variables: admissionVariables(options) });
  if (compiled.type !== "error") return undefined;
  return `${kind.group}/${kind.version}, Kind=${kind.kind}: ${compiled.message}\n`;
}

async function targetsOf(spec: Policy["spec"], types: KnownTypes): Promise<readonly Target[]> {
  const params = await paramsType(spec.paramKind, types);
  const targets: Target[] = [];
  for (const kind of await kindsOf(spec.matchConstraints?.resourceRules ?? [], types)) {
    const object = await types.typeOf(kind);
    if (object === undefined) continue;
    const base: VariableOptions = { hasParams: spec.paramKind !== undefined, object, params };
    targets.push({ kind, options: { ...base, variables: variablesType(spec.variables ?? [], base) } });
  }
  return targets;
}

async function paramsType(paramKind: Policy["spec"]["paramKind"], types: KnownTypes): Promise<CelType> {
  if (paramKind === undefined) return dynType;
  const { apiVersion = "", kind = "" } = paramKind;
  const [version = "", group = ""] = apiVersion.split("/").toReversed();
  return (await types.typeOf({ group, version, kind })) ?? dynType;
}

/** Each may use those before it; one that does not compile can be anything. */
function variablesType(
  variables: readonly { readonly name: string; readonly expression: string }[],
  base: VariableOptions,
): CelType {
  const fields = new Map<string, ObjectField>();
  const typeNow = (): CelType => ({ kind: "object", name: "kubernetes.variables", fields: new Map(fields) });
  for (const { name, expression } of variables) {
    const options = { variables: admissionVariables({ ...base, variables: typeNow() }) };
    const compiled = kubernetesEnvironment.compile(expression, options);
    fields.set(name, { name, type: compiled.type === "program" ? compiled.program.resultType : dynType });
  }
  return typeNow();
}

/** The kinds that rules name without wildcards, by group, version and kind. */
async function kindsOf(rules: readonly Rule[], types: KnownTypes): Promise<readonly GroupVersionKind[]> {
  const found = new Map<string, GroupVersionKind>();
  for (const rule of rules) {
    let count = 0;
    for (const [group, version, resource] of namedBy(rule)) {
      const kind = await types.kindOf(group, version, resource);
      if (kind === undefined) continue;
      found.set(`${kind.group} ${kind.version} ${kind.kind}`, kind);
      count += 1;
      if (count === kindsMax) return inOrder(found);
    }
  }
  return inOrder(found);
}

function inOrder(found: ReadonlyMap<string, GroupVersionKind>): readonly GroupVersionKind[] {
  return [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, kind]) => kind);
}

function* namedBy({ apiGroups = [], apiVersions = [], resources = [] }: Rule): Generator<[string, string, string]> {
  const hasWildcard = (text: string) => text.includes("*");
  if (apiGroups.some(hasWildcard) || apiVersions.some(hasWildcard)) return;
  const whole = resources.filter((resource) => !/[*/]/.test(resource));
  for (const group of apiGroups.toSorted())
    for (const version of apiVersions.toSorted())
      for (const resource of whole.toSorted()) yield [group, version, resource];
}
