import type { OpenApiObject, OpenApiVersion } from "./definitions.ts";

type ParameterType = "string" | "boolean" | "integer";

const queryParameters: Readonly<Record<string, readonly [type: ParameterType, description: string]>> = {
  allowWatchBookmarks: [
    "boolean",
    "Ask a watch to send bookmarks, events that carry nothing but a newer resource version.",
  ],
  continue: [
    "string",
    "Where to go on with a list that was cut short by limit: the token that came with the part before.",
  ],
  dryRun: ["string", "With the value All, everything is done except that nothing is stored."],
  fieldManager: ["string", "The name under which the changed fields are recorded as owned. Required when applying."],
  fieldSelector: ["string", "Only objects whose fields have these values."],
  fieldValidation: [
    "string",
    "What becomes of unknown and duplicate fields: Ignore drops them, Warn drops them and says so, Strict refuses the request.",
  ],
  force: ["boolean", "Take over fields that other appliers own. Only for applying."],
  gracePeriodSeconds: ["integer", "How long the object may take to end, in seconds. Zero means at once."],
  ignoreStoreReadErrorWithClusterBreakingPotential: [
    "boolean",
    "Delete an object even though what is stored of it can no longer be read.",
  ],
  labelSelector: ["string", "Only objects whose labels match."],
  limit: ["integer", "The most objects a list may hold; the rest is fetched with continue."],
  orphanDependents: ["boolean", "Deprecated: see propagationPolicy. Whether dependents are left alone."],
  pretty: ["string", "If true, the answer is indented."],
  propagationPolicy: [
    "string",
    "What becomes of dependents: Orphan leaves them, Background deletes them afterwards, Foreground deletes them first.",
  ],
  resourceVersion: [
    "string",
    "How fresh the answer must be. Absent: the newest. 0: anything the server has at hand. Otherwise see resourceVersionMatch.",
  ],
  resourceVersionMatch: ["string", "How resourceVersion applies to a list: NotOlderThan or Exact."],
  sendInitialEvents: [
    "boolean",
    "Let a watch begin with an event for every object there is, and a bookmark when these have all been sent.",
  ],
  timeoutSeconds: ["integer", "How long a list or watch may take, in seconds."],
  watch: ["boolean", "Answer with a stream of changes."],
};

/** The parameters of lists and watches, alphabetically. */
export const listParameters: readonly string[] = [
  ...["allowWatchBookmarks", "continue", "fieldSelector", "labelSelector", "limit", "resourceVersion"],
  ...["resourceVersionMatch", "sendInitialEvents", "timeoutSeconds", "watch"],
];

export const writeParameters: readonly string[] = ["dryRun", "fieldManager", "fieldValidation"];

export const deleteParameters: readonly string[] = [
  ...[
    "dryRun",
    "gracePeriodSeconds",
    "ignoreStoreReadErrorWithClusterBreakingPotential",
    "orphanDependents",
    "propagationPolicy",
  ],
];

export const deleteCollectionParameters: readonly string[] = [
  ...new Set([
    ...deleteParameters,
    ...listParameters.filter((name) => name !== "watch" && name !== "allowWatchBookmarks"),
  ]),
].sort();

export function queryParameter(name: string, version: OpenApiVersion): OpenApiObject {
  const [type, description] = queryParameters[name] ?? ["string", undefined];
  const schema = { type, uniqueItems: true };
  const about = description === undefined ? {} : { description };
  return version === 3 ? { name, in: "query", ...about, schema } : { name, in: "query", ...about, ...schema };
}

const pathDescriptions: Readonly<Record<string, string>> = {
  namespace: "The namespace of the objects.",
  path: "The rest of the address, which is passed on.",
};

/** `kind` is what an object's name is the name of. */
export function pathParameter(name: string, kind: string, version: OpenApiVersion): OpenApiObject {
  const description = pathDescriptions[name] ?? `The name of the ${kind}.`;
  const schema = { type: "string", uniqueItems: true };
  const parameter = { name, in: "path", description, required: true };
  return version === 3 ? { ...parameter, schema } : { ...parameter, ...schema };
}
