import {
  authorizerType,
  boolType,
  type CelType,
  dynType,
  intType,
  listOf,
  mapOf,
  objectOf,
  resourceCheckType,
  stringType,
  timestampType,
} from "../../apimachinery/index.ts";

const kindType = objectOf("kubernetes.GroupVersionKind", { group: stringType, version: stringType, kind: stringType });
const resourceType = objectOf("kubernetes.GroupVersionResource", {
  group: stringType,
  version: stringType,
  resource: stringType,
});

/** The variable `request`. Upstream: `BuildRequestType`. */
export const requestType: CelType = objectOf("kubernetes.AdmissionRequest", {
  kind: kindType,
  resource: resourceType,
  subResource: stringType,
  requestKind: kindType,
  requestResource: resourceType,
  requestSubResource: stringType,
  name: stringType,
  namespace: stringType,
  operation: stringType,
  userInfo: objectOf("kubernetes.UserInfo", {
    username: stringType,
    uid: stringType,
    groups: listOf(stringType),
    extra: mapOf(stringType, listOf(stringType)),
  }),
  dryRun: boolType,
  options: dynType,
});

/** The variable `namespaceObject`. Upstream: `BuildNamespaceType`. */
export const namespaceType: CelType = objectOf("kubernetes.Namespace", {
  metadata: objectOf("kubernetes.NamespaceMetadata", {
    name: stringType,
    generateName: stringType,
    namespace: stringType,
    labels: mapOf(stringType, stringType),
    annotations: mapOf(stringType, stringType),
    UID: stringType,
    creationTimestamp: timestampType,
    deletionGracePeriodSeconds: intType,
    deletionTimestamp: timestampType,
    generation: intType,
    resourceVersion: stringType,
    finalizers: listOf(stringType),
  }),
  spec: objectOf("kubernetes.NamespaceSpec", { finalizers: listOf(stringType) }),
  status: objectOf("kubernetes.NamespaceStatus", {
    phase: stringType,
    conditions: listOf(
      objectOf("kubernetes.NamespaceCondition", {
        ...{ type: stringType, status: stringType, reason: stringType, message: stringType },
        lastTransitionTime: timestampType,
      }),
    ),
  }),
});

export interface VariableOptions {
  readonly hasParams: boolean;
  /** Default true. Messages may not ask it. */
  readonly hasAuthorizer?: boolean;
  /** What is known of `object`, `oldObject` and `params`; default anything. */
  readonly object?: CelType;
  readonly params?: CelType;
  /** The type of `variables`, once some are defined. */
  readonly variables?: CelType;
}

/** What every admission expression may speak of. */
export function admissionVariables({
  hasParams,
  hasAuthorizer = true,
  object = dynType,
  params = dynType,
  variables,
}: VariableOptions): ReadonlyMap<string, CelType> {
  return new Map<string, CelType>([
    ["object", object],
    ["oldObject", object],
    ["request", requestType],
    ["namespaceObject", namespaceType],
    ...(hasAuthorizer
      ? ([
          ["authorizer", authorizerType],
          ["authorizer.requestResource", resourceCheckType],
        ] as const)
      : []),
    ...(hasParams ? [["params", params] as const] : []),
    ...(variables === undefined ? [] : [["variables", variables] as const]),
  ]);
}
