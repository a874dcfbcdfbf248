import type { JWTPayload } from "jose";
import {
  type CelProgram,
  type CelType,
  dynType,
  invalid,
  type FieldError,
  jsonOf,
  kubernetesEnvironment,
  listOf,
  mapOf,
  objectOf,
  stringType,
  valueOf,
} from "../../apimachinery/index.ts";
import { messageOf } from "../../base/index.ts";
import type { UserInfo } from "../request/contract.ts";

const claimsType = mapOf(stringType, dynType);
const userType = objectOf("kubernetes.UserInfo", {
  username: stringType,
  uid: stringType,
  groups: listOf(stringType),
  extra: mapOf(stringType, listOf(stringType)),
});

type ResultKind = "string" | "bool" | "texts";

const accepted: Readonly<Record<ResultKind, readonly string[]>> = {
  string: ["string", "dyn"],
  bool: ["bool", "dyn"],
  texts: ["string", "list", "dyn"],
};
const wording: Readonly<Record<ResultKind, string>> = {
  string: "must evaluate to string",
  bool: "must evaluate to bool",
  texts: "must evaluate to one of [string list(string)]",
};

/** An expression over a token's claims, or over the user that they make. */
export interface TokenExpression {
  readonly text: string;
  evaluate(input: unknown): unknown;
}

/** Compiles; what cannot be is told as an error of the path, and undefined is returned. */
export function compileTokenExpression(
  variable: "claims" | "user",
  text: string,
  wanted: ResultKind,
  path: string,
  errors: FieldError[],
): TokenExpression | undefined {
  const type = variable === "claims" ? claimsType : userType;
  const compiled = kubernetesEnvironment.compile(text, { variables: new Map([[variable, type]]) });
  if (compiled.type === "error") {
    errors.push(invalid(path, text, `${compiled.stage} failed: ${compiled.message}`));
    return undefined;
  }
  const { program } = compiled;
  if (!accepted[wanted].includes(program.resultType.kind)) {
    errors.push(invalid(path, text, wording[wanted]));
    return undefined;
  }
  return { text, evaluate: (input) => evaluate(program, variable, type, input, text) };
}

function evaluate(program: CelProgram, variable: string, type: CelType, input: unknown, text: string): unknown {
  const value = valueOf(input, type);
  try {
    return jsonOf(program.evaluate((name) => (name === variable ? value : undefined)).value);
  } catch (error) {
    throw new Error(`oidc: error evaluating expression ${JSON.stringify(text)}: ${messageOf(error)}`, { cause: error });
  }
}

/** One text or several; nothing for null and for the empty text. */
export function textsOf(value: unknown, what: string): readonly string[] {
  if (value === null || value === undefined || value === "") return [];
  const all = [value].flat();
  if (!all.every((one) => typeof one === "string"))
    throw new Error(`oidc: ${what}: expected a string or a list of strings`);
  return all.filter((one) => one !== "");
}

export function textOf(value: unknown, what: string): string {
  if (typeof value !== "string") throw new Error(`oidc: ${what}: expected a string`);
  return value;
}

/** How rules see a user. */
export function userInput({ name, uid = "", groups, extra = {} }: UserInfo): unknown {
  return { username: name, uid, groups, extra };
}

export type Claims = JWTPayload;
