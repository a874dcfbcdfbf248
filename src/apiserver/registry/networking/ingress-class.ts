import type { IngressClass, networkingV1 } from "../../../api/index.ts";
import {
  type FieldPath,
  fieldPath,
  forbidden,
  nameIsDnsLabel,
  notSupported,
  required,
  tooLong,
  validateDomainPrefixedPath,
  validateImmutableField,
} from "../../../apimachinery/index.ts";
import { addMessages, type Errors } from "../common/check.ts";
import { collect, specAndStatus } from "../common/lifecycle.ts";
import { ageColumn, defineTable, nameColumn, text } from "../common/table.ts";
import type { Strategy } from "../contract.ts";
import { checkReference } from "./paths.ts";

const specPath = fieldPath("spec");
const controllerMax = 250;

export const ingressClassStrategy: Strategy<IngressClass> = {
  ...specAndStatus<IngressClass>(),
  validate: ({ spec = {} }) => collect((errors) => checkSpec(spec, errors)),
  validateUpdate: ({ spec = {} }, old) =>
    collect((errors) => {
      validateImmutableField(spec.controller ?? "", old.spec?.controller ?? "", specPath.child("controller"), errors);
      checkSpec(spec, errors);
    }),
  allowUnconditionalUpdate: true,
  table: defineTable([
    nameColumn,
    text("Controller", "Who serves ingresses of this class.", ({ spec }) => spec?.controller ?? ""),
    text("Parameters", "The object with the controller's parameters.", ({ spec }) => {
      const { kind = "", name = "", apiGroup } = spec?.parameters ?? {};
      if (spec?.parameters === undefined) return "<none>";
      return `${kind}${apiGroup === undefined ? "" : `.${apiGroup}`}/${name}`;
    }),
    ageColumn,
  ]),
};

function checkSpec({ controller = "", parameters }: IngressClass["spec"], errors: Errors): void {
  const path = specPath.child("controller");
  if (controller.length > controllerMax) errors.push(tooLong(path, controllerMax));
  validateDomainPrefixedPath(controller, path, errors);
  if (parameters !== undefined) checkParameters(parameters, specPath.child("parameters"), errors);
}

function checkParameters(
  parameters: networkingV1.IngressClassParametersReference,
  path: FieldPath,
  errors: Errors,
): void {
  checkReference(parameters, path, errors);
  const { scope, namespace } = parameters;
  const at = path.child("namespace");
  if (scope === undefined) errors.push(required(path.child("scope")));
  else if (scope === "Cluster") {
    if (namespace !== undefined) errors.push(forbidden(at, "`parameters.scope` is set to 'Cluster'"));
  } else if (scope !== "Namespace") errors.push(notSupported(path.child("scope"), scope, ["Cluster", "Namespace"]));
  else if (namespace === undefined) errors.push(required(at, "`parameters.scope` is set to 'Namespace'"));
  else addMessages(nameIsDnsLabel(namespace, false), namespace, at, errors);
}
