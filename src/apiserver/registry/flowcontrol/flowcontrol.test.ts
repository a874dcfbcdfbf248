import type { flowcontrolV1, FlowSchema, PriorityLevelConfiguration } from "../../../api/index.ts";
import { mandatory, suggested } from "../../flowcontrol/bootstrap.ts";
import { RuleTables } from "../fixture.ts";
import { flowSchemaStrategy } from "./flow-schema.ts";
import { priorityLevelStrategy } from "./priority-level-configuration.ts";

type Rules = flowcontrolV1.PolicyRulesWithSubjects;

const subjects = [{ kind: "User", user: { name: "u" } }];
const resourceRule = { verbs: ["get"], apiGroups: [""], resources: ["pods"], namespaces: ["*"] };

function schema(spec: Partial<FlowSchema["spec"]> = {}, name = "s"): FlowSchema {
  return {
    metadata: { name },
    spec: {
      priorityLevelConfiguration: { name: "l" },
      matchingPrecedence: 500,
      rules: [{ subjects, resourceRules: [resourceRule] }],
      ...spec,
    },
  };
}

const rule = (one: Partial<Rules>) => schema({ rules: [{ subjects, resourceRules: [resourceRule], ...one }] });
const subject = (one: flowcontrolV1.Subject) => rule({ subjects: [one] });
const urls = (...nonResourceURLs: string[]) => rule({ nonResourceRules: [{ verbs: ["*"], nonResourceURLs }] });
const at = "spec.rules[0]";

const schemas = new RuleTables("FlowSchema", flowSchemaStrategy);
schemas.accepts([
  ...[...mandatory.schemas, ...suggested.schemas].map((one) => [one.metadata.name ?? "", one] as const),
  ["one of paths", urls("/", "/healthz", "/api/*")],
]);
schemas.rejects([
  [
    "precedence",
    schema({ matchingPrecedence: 1 }),
    ["spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1"],
  ],
  [
    "too high a precedence",
    schema({ matchingPrecedence: 10_001 }),
    ["spec.matchingPrecedence: Invalid value: 10001: must not be greater than 10000"],
  ],
  [
    "no level",
    schema({ priorityLevelConfiguration: { name: "" } }),
    ["spec.priorityLevelConfiguration.name: Required value: must reference a priority level"],
  ],
  [
    "an unknown distinguisher",
    schema({ distinguisherMethod: { type: "X" } }),
    ['spec.distinguisherMethod.type: Unsupported value: {"Type":"X"}: supported values: "ByNamespace", "ByUser"'],
  ],
  [
    "nothing to match",
    schema({ rules: [{ subjects: [] }] }),
    [
      `${at}.subjects: Required value: subjects must contain at least one value`,
      `${at}: Required value: at least one of resourceRules and nonResourceRules has to be non-empty`,
    ],
  ],
  [
    "the wrong subject",
    subject({ kind: "User", group: { name: "g" } }),
    [
      `${at}.subjects[0].user: Required value: user is required when subject kind is 'User'`,
      `${at}.subjects[0].group: Forbidden: group is forbidden when subject kind is not 'Group'`,
    ],
  ],
  [
    "an unknown kind of subject",
    subject({ kind: "X" }),
    [`${at}.subjects[0].kind: Unsupported value: "X": supported values: "Group", "ServiceAccount", "User"`],
  ],
  [
    "a service account without a namespace",
    subject({ kind: "ServiceAccount", serviceAccount: { name: "*", namespace: "" } }),
    [`${at}.subjects[0].serviceAccount.namespace: Required value: must specify namespace for service account`],
  ],
  [
    "verbs",
    rule({ resourceRules: [{ ...resourceRule, verbs: ["*", "get"], namespaces: [] }] }),
    [
      `${at}.resourceRules[0].verbs: Invalid value: ["*","get"]: if '*' is present, must not specify other verbs`,
      `${at}.resourceRules[0].namespaces: Required value: resource rules that are not cluster scoped must supply at least one namespace`,
    ],
  ],
  [
    "paths",
    urls("a", "/a b", "/a//b", "/*/a"),
    [
      `${at}.nonResourceRules[0].nonResourceURLs[0]: Invalid value: "a": must start with slash`,
      `${at}.nonResourceRules[0].nonResourceURLs[1]: Invalid value: "/a b": must not contain white-space`,
      `${at}.nonResourceRules[0].nonResourceURLs[2]: Invalid value: "/a//b": must not contain double slash`,
      `${at}.nonResourceRules[0].nonResourceURLs[3]: Invalid value: "/*/a": wildcard can only do suffix matching`,
    ],
  ],
]);
schemas.prints([
  ["one", schema({ distinguisherMethod: { type: "ByUser" } }), ["s", "l", 500, "ByUser", "<unknown>", "?"]],
  [
    "one whose level is there",
    { ...schema(), status: { conditions: [{ type: "Dangling", status: "False" }] } },
    ["s", "l", 500, "<none>", "<unknown>", "False"],
  ],
]);

function level(limited: Partial<flowcontrolV1.LimitedPriorityLevelConfiguration> = {}): PriorityLevelConfiguration {
  return {
    metadata: { name: "l" },
    spec: {
      type: "Limited",
      limited: { nominalConcurrencyShares: 5, limitResponse: { type: "Reject" }, ...limited },
    },
  };
}

const queues = (queuing: flowcontrolV1.QueuingConfiguration) => level({ limitResponse: { type: "Queue", queuing } });
const [exempt = level(), catchAll = level()] = mandatory.levels;
const queuingPath = "spec.limited.limitResponse.queuing";

const levels = new RuleTables("PriorityLevelConfiguration", priorityLevelStrategy);
levels.accepts([
  ...[...mandatory.levels, ...suggested.levels].map((one) => [one.metadata.name ?? "", one] as const),
  ["an exempt one that lends", { ...exempt, spec: { ...exempt.spec, exempt: { lendablePercent: 50 } } }],
]);
levels.rejects([
  [
    "another exempt one",
    { metadata: { name: "l" }, spec: { type: "Exempt", limited: {} } },
    [
      "spec.type: Invalid value: \"Exempt\": must be 'Exempt' if and only if `name` is 'exempt'",
      "spec.limited: Forbidden: must be nil if the type is not Limited",
    ],
  ],
  [
    "another catch-all",
    { ...catchAll, spec: level().spec },
    [
      'spec: Invalid value: {"type":"Limited","limited":{"nominalConcurrencyShares":5,"limitResponse":{"type":"Reject"}}}: spec of \'catch-all\' must equal the fixed value',
    ],
  ],
  [
    "nothing limited",
    { metadata: { name: "l" }, spec: { type: "Limited" } },
    ["spec.limited: Required value: must not be empty when type is Limited"],
  ],
  [
    "figures",
    level({ nominalConcurrencyShares: -1, lendablePercent: 101, borrowingLimitPercent: -1 }),
    [
      "spec.limited.nominalConcurrencyShares: Invalid value: -1: must be a non-negative integer",
      "spec.limited.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive",
      "spec.limited.borrowingLimitPercent: Invalid value: -1: if specified, must be a non-negative integer",
    ],
  ],
  [
    "queues of none",
    queues({ queues: 0, handSize: 0, queueLengthLimit: 0 }),
    [
      `${queuingPath}.queueLengthLimit: Invalid value: 0: must be positive`,
      `${queuingPath}.queues: Invalid value: 0: must be positive`,
      `${queuingPath}.handSize: Invalid value: 0: must be positive`,
    ],
  ],
  [
    "too large a hand",
    queues({ queues: 4, handSize: 5, queueLengthLimit: 1 }),
    [`${queuingPath}.handSize: Invalid value: 5: should not be greater than queues (4)`],
  ],
  [
    "too many bits",
    queues({ queues: 128, handSize: 9, queueLengthLimit: 1 }),
    [
      `${queuingPath}.handSize: Invalid value: 9: required entropy bits of deckSize 128 and handSize 9 should not be greater than 60`,
    ],
  ],
  [
    "queues while rejecting",
    level({ limitResponse: { type: "Reject", queuing: {} } }),
    [`${queuingPath}: Forbidden: must be nil if limited.limitResponse.type is not Limited`],
  ],
]);
const conditions = [{ type: "A" }, { type: "A" }, {}];
levels.changes(
  [
    [
      "conditions are there once",
      { ...level(), status: { conditions } },
      level(),
      ['status.conditions[1].type: Duplicate value: "A"', "status.conditions[2].type: Required value"],
    ],
  ],
  "status",
);
levels.prints([
  [
    "one that queues",
    queues({ queues: 64, handSize: 6, queueLengthLimit: 50 }),
    ["l", "Limited", 5, 64, 6, 50, "<unknown>"],
  ],
  ["the exempt one", exempt, ["exempt", "Exempt", "<none>", "<none>", "<none>", "<none>", "<unknown>"]],
]);
