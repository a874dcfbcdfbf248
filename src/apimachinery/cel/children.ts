import type { Expression } from "./ast.ts";

/** The nodes directly below one. */
export function children(node: Expression): readonly Expression[] {
  switch (node.kind) {
    case "literal":
    case "identifier":
      return [];
    case "select":
      return [node.operand];
    case "call":
      return node.target === undefined ? node.arguments : [node.target, ...node.arguments];
    case "list":
      return node.elements.map(({ value }) => value);
    case "map":
      return node.entries.flatMap(({ key, value }) => [key, value]);
    case "struct":
      return node.fields.map(({ value }) => value);
    case "comprehension":
      return [node.range, node.initial, node.condition, node.step, node.result];
  }
}

/** Whether a name is used anywhere, other than as a variable of a macro inside. */
export function mentionsName(node: Expression, name: string): boolean {
  if (node.kind === "identifier") return node.name === name;
  return children(node).some((child) => mentionsName(child, name));
}
