import type { MutatingAdmissionPolicy, Mutation, ValidatingAdmissionPolicy, Validation } from "../../../api/index.ts";
import {
  type CompiledExpression,
  type CompiledVariables,
  compileExpression,
  compileVariables,
  type Condition,
  type ExpressionOptions,
} from "./expressions.ts";
import { mutationStructs } from "./structs.ts";

interface Common {
  readonly conditions: readonly Condition[];
  readonly variables: CompiledVariables;
  readonly ignoresFailures: boolean;
}

export interface CompiledPolicy extends Common {
  readonly validations: readonly {
    readonly validation: Validation;
    readonly expression: CompiledExpression;
    readonly message: CompiledExpression | undefined;
  }[];
  readonly auditAnnotations: readonly { readonly key: string; readonly expression: CompiledExpression }[];
}

export interface CompiledMutatingPolicy extends Common {
  readonly mutations: readonly { readonly type: Mutation["patchType"]; readonly expression: CompiledExpression }[];
  readonly reinvoked: boolean;
}

type CommonSpec = Pick<
  ValidatingAdmissionPolicy["spec"],
  "paramKind" | "variables" | "matchConditions" | "failurePolicy"
>;

const truth = ["bool"];

function compileCommon(spec: CommonSpec): Common & { options: ExpressionOptions } {
  const base: ExpressionOptions = { hasParams: spec.paramKind !== undefined };
  const variables = compileVariables(spec.variables ?? [], base);
  return {
    variables,
    conditions: (spec.matchConditions ?? []).map(({ name, expression }) => ({
      name,
      compiled: compileExpression(expression, { ...base, wanted: truth }),
    })),
    ignoresFailures: spec.failurePolicy === "Ignore",
    // A policy without variables cannot speak of them.
    options: (spec.variables ?? []).length === 0 ? base : { ...base, variables: variables.type },
  };
}

export function compileValidatingPolicy({ spec }: ValidatingAdmissionPolicy): CompiledPolicy {
  const { options, ...common } = compileCommon(spec);
  return {
    ...common,
    validations: (spec.validations ?? []).map((validation) => ({
      validation,
      expression: compileExpression(validation.expression, { ...options, wanted: truth }),
      message:
        (validation.messageExpression ?? "") === ""
          ? undefined
          : compileExpression(validation.messageExpression ?? "", {
              ...options,
              hasAuthorizer: false,
              wanted: ["string"],
            }),
    })),
    auditAnnotations: (spec.auditAnnotations ?? []).map(({ key, valueExpression }) => ({
      key,
      expression: compileExpression(valueExpression, { ...options, wanted: ["string", "null"] }),
    })),
  };
}

export function compileMutatingPolicy({ spec }: MutatingAdmissionPolicy): CompiledMutatingPolicy {
  // Only mutations make objects. They may speak of variables also where there are none.
  const { options: usual, ...common } = compileCommon(spec);
  const options = { ...usual, variables: common.variables.type };
  return {
    ...common,
    reinvoked: spec.reinvocationPolicy === "IfNeeded",
    mutations: (spec.mutations ?? []).map((mutation) => ({
      type: mutation.patchType,
      expression: compileExpression(mutationText(mutation), {
        ...options,
        structs: mutationStructs,
        wanted: [mutation.patchType === "JSONPatch" ? "list(JSONPatch)" : "Object"],
      }),
    })),
  };
}

function mutationText({ patchType, applyConfiguration, jsonPatch }: Mutation): string {
  return (patchType === "JSONPatch" ? jsonPatch?.expression : applyConfiguration?.expression) ?? "";
}
