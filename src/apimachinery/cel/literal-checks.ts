import type { Call, Expression, Issue } from "./ast.ts";
import type { Checked } from "./checker.ts";
import { children } from "./children.ts";
import { compilePattern } from "./regex.ts";
import { parseDuration, parseTimestamp } from "./times.ts";
import { messageOf } from "../../base/index.ts";

/** Literals that can only fail: durations, timestamps, patterns. Upstream: cel-go's AST validators. */
export function checkLiterals({ expression }: Checked): readonly Issue[] {
  const issues: Issue[] = [];
  visit(expression, issues);
  return issues;
}

function visit(node: Expression, issues: Issue[]): void {
  if (node.kind === "call") {
    const message = problemOf(node);
    const literal = node.name === "matches" ? node.arguments.at(-1) : node.arguments[0];
    if (message !== undefined) issues.push({ offset: literal?.offset ?? node.offset, message });
  }
  for (const child of children(node)) visit(child, issues);
}

function problemOf(node: Call): string | undefined {
  const text = literalText(node.name === "matches" ? node.arguments.at(-1) : node.arguments[0]);
  if (text === undefined) return undefined;
  if (node.name === "duration" && parseDuration(text) === undefined) return "invalid duration argument";
  if (node.name === "timestamp" && parseTimestamp(text) === undefined) return "invalid timestamp argument";
  if (node.name !== "matches") return undefined;
  try {
    compilePattern(text);
    return undefined;
  } catch (error) {
    return `invalid matches argument: ${messageOf(error)}`;
  }
}

function literalText(node: Expression | undefined): string | undefined {
  return node?.kind === "literal" && typeof node.value === "string" ? node.value : undefined;
}
