import { type Library, method, type Overload, traversal } from "../functions.ts";
import { boolType, type CelType, opaque, stringType } from "../types.ts";
import { nameIsDnsLabel, nameIsDnsSubdomain } from "../../validation/index.ts";
import { CelError, OpaqueValue } from "../values.ts";

const base = "kubernetes.authorization.";
export const authorizerType: CelType = opaque(`${base}Authorizer`);
const pathType = opaque(`${base}PathCheck`);
const groupType = opaque(`${base}GroupCheck`);
export const resourceCheckType: CelType = opaque(`${base}ResourceCheck`);
const decisionType = opaque(`${base}Decision`);

/** What an expression asks the authorizer. */
export interface AuthorizationQuestion {
  readonly serviceAccount?: { readonly namespace: string; readonly name: string };
  readonly path?: string;
  readonly group?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
}

export interface AuthorizationAnswer {
  readonly allowed: boolean;
  readonly reason: string;
  readonly error?: string;
}

/** Answers at once; one that cannot throws something of its own, and the caller evaluates again later. */
export type AuthorizationCheck = (verb: string, question: AuthorizationQuestion) => AuthorizationAnswer;

/** An authorizer, or a question about to be asked. */
class Check extends OpaqueValue {
  readonly typeName: string;
  readonly check: AuthorizationCheck;
  readonly question: AuthorizationQuestion;
  constructor(type: string, check: AuthorizationCheck, question: AuthorizationQuestion) {
    super();
    this.typeName = `${base}${type}`;
    this.check = check;
    this.question = question;
  }
  with(type: string, more: AuthorizationQuestion): Check {
    return new Check(type, this.check, { ...this.question, ...more });
  }
  equals(other: OpaqueValue): boolean {
    return other === this;
  }
}

class Decision extends OpaqueValue {
  readonly typeName = `${base}Decision`;
  readonly answer: AuthorizationAnswer;
  constructor(answer: AuthorizationAnswer) {
    super();
    this.answer = answer;
  }
  equals(other: OpaqueValue): boolean {
    return other === this;
  }
}

export function authorizerValue(check: AuthorizationCheck): OpaqueValue {
  return new Check("Authorizer", check, {});
}

export function resourceCheckValue(check: AuthorizationCheck, question: AuthorizationQuestion): OpaqueValue {
  return new Check("ResourceCheck", check, question);
}

const refine = (name: string): Overload =>
  method(
    name,
    [resourceCheckType, stringType],
    resourceCheckType,
    (of: Check, value: string) => of.with("ResourceCheck", { [name]: value }),
    name.endsWith("Selector") ? { cost: ([, size = 0]) => selectorCost(size) } : {},
  );

/** A selector is read, and a list of requirements made of it: at least two characters each. */
function selectorCost(size: number): number {
  const [list, struct, perRequirement] = [10, 40, 0.5];
  return list + traversal(size) + Math.ceil(size * perRequirement) * (list + struct);
}

/** Upstream: an authorization check costs as much as a third of a rule's budget. */
const checking = { cost: () => 350_000 };
const ask = (of: Check, verb: string) => new Decision(of.check(verb, of.question));

export const authorizerLibrary: Library = {
  overloads: [
    method("path", [authorizerType, stringType], pathType, (of: Check, path: string) => {
      if (path === "") throw new CelError("path must not be empty");
      return of.with("PathCheck", { path });
    }),
    method("group", [authorizerType, stringType], groupType, (of: Check, group: string) =>
      of.with("GroupCheck", { group }),
    ),
    method(
      "serviceAccount",
      [authorizerType, stringType, stringType],
      authorizerType,
      (of: Check, namespace: string, name: string) => {
        if (nameIsDnsLabel(namespace, false).length > 0) throw new CelError("Invalid service account namespace");
        if (nameIsDnsSubdomain(name, false).length > 0) throw new CelError("Invalid service account name");
        return of.with("Authorizer", { serviceAccount: { namespace, name } });
      },
    ),
    method("resource", [groupType, stringType], resourceCheckType, (of: Check, resource: string) =>
      of.with("ResourceCheck", { resource }),
    ),
    ...["subresource", "namespace", "name", "fieldSelector", "labelSelector"].map(refine),
    method("check", [pathType, stringType], decisionType, ask, checking),
    method("check", [resourceCheckType, stringType], decisionType, ask, checking),
    method("allowed", [decisionType], boolType, ({ answer }: Decision) => answer.allowed),
    method("reason", [decisionType], stringType, ({ answer }: Decision) => answer.reason),
    method("errored", [decisionType], boolType, ({ answer }: Decision) => answer.error !== undefined),
    method("error", [decisionType], stringType, ({ answer }: Decision) => answer.error ?? ""),
  ],
};
