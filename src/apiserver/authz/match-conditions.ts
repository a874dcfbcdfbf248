import {
  boolType,
  kubernetesEnvironment,
  listOf,
  mapOf,
  objectOf,
  stringType,
  typeText,
  valueOf,
} from "../../apimachinery/index.ts";
import { messageOf } from "../../base/index.ts";
import type { AuthorizationAttributes } from "./contract.ts";
import type { ReviewSpec } from "./subject-access-review.ts";

const requirements = listOf(
  objectOf("kubernetes.SelectorRequirement", { key: stringType, operator: stringType, values: listOf(stringType) }),
);
const selector = (name: string) => objectOf(name, { rawSelector: stringType, requirements });

/** The variable `request`. Upstream: `buildRequestType`. */
const requestType = objectOf("kubernetes.SubjectAccessReviewSpec", {
  resourceAttributes: objectOf("kubernetes.ResourceAttributes", {
    namespace: stringType,
    verb: stringType,
    group: stringType,
    version: stringType,
    resource: stringType,
    subresource: stringType,
    name: stringType,
    fieldSelector: selector("kubernetes.FieldSelectorAttributes"),
    labelSelector: selector("kubernetes.LabelSelectorAttributes"),
  }),
  nonResourceAttributes: objectOf("kubernetes.NonResourceAttributes", { path: stringType, verb: stringType }),
  user: stringType,
  groups: listOf(stringType),
  extra: mapOf(stringType, listOf(stringType)),
  uid: stringType,
});

export interface CompiledConditions {
  /** A condition that is false decides, whatever fails; else a failure is the problem. */
  evaluate(request: unknown): { readonly matches: boolean; readonly problem: string | undefined };
}

/** Compiles `matchConditions`; `problem` is told of each that cannot be. */
export function compileConditions(
  expressions: readonly string[],
  problem: (index: number, message: string) => void,
): CompiledConditions {
  const programs = expressions.flatMap((expression, index) => {
    const compiled = kubernetesEnvironment.compile(expression, { variables: new Map([["request", requestType]]) });
    if (compiled.type === "error") {
      problem(index, `${compiled.stage} failed: ${compiled.message}`);
      return [];
    }
    if (compiled.program.resultType.kind !== boolType.kind) {
      problem(index, `must evaluate to bool but got ${typeText(compiled.program.resultType)}`);
      return [];
    }
    return [{ expression, program: compiled.program }];
  });
  return {
    evaluate(request) {
      const value = valueOf(request, requestType);
      const problems: string[] = [];
      for (const { expression, program } of programs) {
        try {
          if (program.evaluate((name) => (name === "request" ? value : undefined)).value !== true) {
            return { matches: false, problem: undefined };
          }
        } catch (error) {
          problems.push(`cel evaluation error: expression '${expression}' resulted in error: ${messageOf(error)}`);
        }
      }
      if (problems.length === 0) return { matches: true, problem: undefined };
      return { matches: false, problem: problems.length === 1 ? problems[0] : `[${problems.join(", ")}]` };
    },
  };
}

/** What conditions see: every text is there, an empty one too. */
export function conditionInput(spec: ReviewSpec, attributes: AuthorizationAttributes): unknown {
  const { user, groups = [], uid = "", extra = {}, resourceAttributes, nonResourceAttributes } = spec;
  const { namespace, verb, apiGroup: group, apiVersion: version, resource, subresource, name, path } = attributes;
  return {
    ...{ user: user ?? "", groups, uid, extra },
    ...(resourceAttributes === undefined
      ? {}
      : {
          resourceAttributes: { ...resourceAttributes, namespace, verb, group, version, resource, subresource, name },
        }),
    ...(nonResourceAttributes === undefined ? {} : { nonResourceAttributes: { path, verb } }),
  };
}
