import type { ValidationRule } from "../../../api/index.ts";
import {
  type CelProgram,
  type CelType,
  kubernetesEnvironment,
  mentionsVariable,
  optionalOf,
} from "../../../apimachinery/index.ts";

/** A rule ready to run, or what keeps it from being one. */
export interface CompiledRule {
  readonly rule: ValidationRule;
  /** About the old value too: it runs on updates only, unless `optionalOldSelf`. */
  readonly isTransition: boolean;
  readonly program: CelProgram | undefined;
  readonly message: CelProgram | undefined;
  readonly problem: string | undefined;
  readonly messageProblem: string | undefined;
}

/** One rule at a place of this type. Nothing here throws: a rule that does not compile says so. */
export function compileRule(rule: ValidationRule, self: CelType): CompiledRule {
  const optional = rule.optionalOldSelf === true;
  const variables = new Map([
    ["self", self],
    ["oldSelf", optional ? optionalOf(self) : self],
  ]);
  const uses = (text: string) => mentionsVariable(text, "oldSelf");
  const isTransition = uses(rule.rule) || (rule.messageExpression !== undefined && uses(rule.messageExpression));
  const result = compile(rule.rule, variables, "bool", "cel expression must evaluate to a bool");
  const message =
    (rule.messageExpression ?? "") === ""
      ? { program: undefined, problem: undefined }
      : compile(rule.messageExpression ?? "", variables, "string", "messageExpression must evaluate to a string");
  return {
    rule,
    isTransition,
    program: result.program,
    problem: result.problem,
    message: message.program,
    messageProblem: message.problem,
  };
}

function compile(
  text: string,
  variables: ReadonlyMap<string, CelType>,
  wanted: string,
  otherwise: string,
): { readonly program: CelProgram | undefined; readonly problem: string | undefined } {
  const result = kubernetesEnvironment.compile(text, { variables });
  if (result.type === "error") return { program: undefined, problem: `compilation failed: ${result.message}` };
  const { kind } = result.program.resultType;
  if (kind !== wanted) return { program: undefined, problem: otherwise };
  return { program: result.program, problem: undefined };
}
