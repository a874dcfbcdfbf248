import type { ValidationRule } from "../../../api/index.ts";
import {
  type CelProgram,
  type CelType,
  kubernetesEnvironment,
  mentionsVariable,
  optionalOf,
} from "../../../apimachinery/index.ts";
import { findField } from "../definition/field-paths.ts";
import type { Structural } from "../schema/structural.ts";

/** A rule ready to run, or what keeps it from being one. */
export interface CompiledRule {
  readonly rule: ValidationRule;
  /** About the old value too: it runs on updates only, unless `optionalOldSelf`. */
  readonly isTransition: boolean;
  readonly program: CelProgram | undefined;
  readonly message: CelProgram | undefined;
  readonly problem: string | undefined;
  readonly messageProblem: string | undefined;
  /** What the rule is about, relative to its place; "": the place itself. */
  readonly fieldPath: string;
}

type Variables = ReadonlyMap<string, CelType>;

/** One rule at a place of this type. Nothing here throws: a rule that does not compile says so. */
export function compileRule(rule: ValidationRule, self: CelType, structural: Structural): CompiledRule {
  const optional = rule.optionalOldSelf === true;
  const variables = new Map([
    ["self", self],
    ["oldSelf", optional ? optionalOf(self) : self],
  ]);
  const { program, problem } = compile(rule.rule, variables, "bool");
  const text = problem === undefined ? (rule.messageExpression ?? "") : "";
  const message = text === "" ? undefined : compile(text, variables, "string");
  return {
    rule,
    isTransition: program !== undefined && mentionsVariable(rule.rule, "oldSelf"),
    program,
    problem,
    message: message?.program,
    messageProblem: message?.problem,
    fieldPath: fieldPathOf(rule, structural),
  };
}

function fieldPathOf({ fieldPath = "" }: ValidationRule, structural: Structural): string {
  try {
    return fieldPath === "" ? "" : (findField(fieldPath, structural)?.path ?? "");
  } catch {
    return "";
  }
}

const otherwise = {
  bool: "cel expression must evaluate to a bool",
  string: "messageExpression must evaluate to a string",
} as const;

function compile(
  text: string,
  variables: Variables,
  wanted: "bool" | "string",
): { readonly program?: CelProgram; readonly problem?: string } {
  const result = kubernetesEnvironment.compile(text, { variables });
  if (result.type === "error") {
    const stage = wanted === "bool" ? result.stage : `messageExpression ${result.stage.replace("program ", "")}`;
    return { problem: `${stage} failed: ${result.message}` };
  }
  return result.program.resultType.kind === wanted ? { program: result.program } : { problem: otherwise[wanted] };
}
