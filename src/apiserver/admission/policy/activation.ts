import {
  type AuthorizationAnswer,
  type AuthorizationQuestion,
  authorizerValue,
  type Bindings,
  type CelMap,
  dynType,
  type KubeObject,
  resourceCheckValue,
  type Value,
  valueOf,
} from "../../../apimachinery/index.ts";
import type { AuthorizationAttributes, Authorizer } from "../../authz/contract.ts";
import type { AdmissionAttributes } from "../contract.ts";
import { requestOf } from "../request.ts";
import type { Variant } from "../webhook/equivalents.ts";
import { namespaceType, requestType } from "../../../api/index.ts";

/** An answer of the authorizer that is not there yet; the expression is evaluated again once it is. */
class PendingAnswer extends Error {
  readonly answer: Promise<void>;
  constructor(answer: Promise<void>) {
    super("the authorizer has not answered yet");
    this.answer = answer;
  }
}

const answerRoundsMax = 100;

/** Asks the authorizer from within expressions, which cannot wait; answers are remembered for one request. */
export class AuthorizerGate {
  readonly #authorizer: Authorizer;
  readonly #attributes: AdmissionAttributes;
  readonly #answers = new Map<string, AuthorizationAnswer>();

  constructor(authorizer: Authorizer, attributes: AdmissionAttributes) {
    this.#authorizer = authorizer;
    this.#attributes = attributes;
  }

  readonly check = (verb: string, question: AuthorizationQuestion): AuthorizationAnswer => {
    const key = JSON.stringify([verb, question]);
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    const { signal, user } = this.#attributes.context;
    const decided = this.#authorizer.authorize(authorizationOf(user, verb, question), signal);
    if (decided instanceof Promise) {
      throw new PendingAnswer(decided.then((decision) => void this.#answers.set(key, answerOf(decision))));
    }
    const answer = answerOf(decided);
    this.#answers.set(key, answer);
    return answer;
  };

  /** Runs something that evaluates expressions until every answer it needs is there. */
  async run<T>(evaluate: () => T): Promise<T> {
    for (let round = 0; ; round++) {
      try {
        return evaluate();
      } catch (error) {
        if (!(error instanceof PendingAnswer) || round >= answerRoundsMax) throw error;
        await error.answer;
      }
    }
  }
}

function answerOf(decision: { readonly decision: string; readonly reason: string; readonly evaluationError?: string }) {
  return {
    allowed: decision.decision === "allow",
    reason: decision.reason,
    ...(decision.evaluationError === undefined ? {} : { error: decision.evaluationError }),
  };
}

function authorizationOf(
  user: AdmissionAttributes["context"]["user"],
  verb: string,
  question: AuthorizationQuestion,
): AuthorizationAttributes {
  const { serviceAccount } = question;
  const asked =
    serviceAccount === undefined
      ? user
      : {
          name: `system:serviceaccount:${serviceAccount.namespace}:${serviceAccount.name}`,
          groups: [
            "system:serviceaccounts",
            `system:serviceaccounts:${serviceAccount.namespace}`,
            "system:authenticated",
          ],
        };
  const { fieldSelector, labelSelector } = question;
  return {
    user: asked,
    verb,
    isResourceRequest: question.path === undefined,
    path: question.path ?? "",
    apiGroup: question.group ?? "",
    apiVersion: "*",
    namespace: question.namespace ?? "",
    resource: question.resource ?? "",
    subresource: question.subresource ?? "",
    name: question.name ?? "",
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
    ...(labelSelector === undefined ? {} : { labelSelector }),
  };
}

export interface ActivationInputs {
  readonly attributes: AdmissionAttributes;
  /** The version in which expressions see the objects. */
  readonly variant: Variant;
  readonly object: KubeObject | undefined;
  readonly oldObject: KubeObject | undefined;
  readonly namespace: KubeObject | undefined;
  readonly params: KubeObject | undefined;
  readonly gate: AuthorizerGate;
}

/** What the variables of an admission expression stand for; values are made when first asked for. */
export function activation(inputs: ActivationInputs, variables: CelMap | undefined): Bindings {
  const { attributes, variant, gate } = inputs;
  const typed = (object: KubeObject | undefined): Value =>
    object === undefined ? null : valueOf(withKind(object, variant), dynType);
  const makers: Readonly<Record<string, () => Value>> = {
    object: () => typed(inputs.object),
    oldObject: () => typed(inputs.oldObject),
    request: () => valueOf(requestOf(variant, attributes), requestType),
    params: () => valueOf(inputs.params ?? null, dynType),
    namespaceObject: () => valueOf(inputs.namespace ?? null, namespaceType),
    authorizer: () => authorizerValue(gate.check),
    "authorizer.requestResource": () => resourceCheckValue(gate.check, requestResource(attributes)),
  };
  const made = new Map<string, Value>();
  return (name) => {
    if (name === "variables") return variables;
    const known = made.get(name);
    if (known !== undefined) return known;
    const value = Object.hasOwn(makers, name) ? makers[name]?.() : undefined;
    if (value !== undefined) made.set(name, value);
    return value;
  };
}

function withKind(object: KubeObject, { kind }: Variant): KubeObject {
  const apiVersion = kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
  return { ...object, apiVersion: object.apiVersion ?? apiVersion, kind: object.kind ?? kind.kind };
}

function requestResource({ resource, subresource, namespace, name }: AdmissionAttributes): AuthorizationQuestion {
  return { group: resource.group, resource: resource.resource, subresource, namespace, name };
}
