import type {
  admissionregistrationV1,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  MutatingWebhookConfiguration,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from "../../../api/index.ts";
import { RuleTables } from "../fixture.ts";
import { mutatingPolicyBindingStrategy, mutatingPolicyStrategy } from "./mutating-policies.ts";
import { validatingPolicyBindingStrategy, validatingPolicyStrategy } from "./policies.ts";
import { mutatingWebhookStrategy } from "./webhooks.ts";

const wrong = <T>(value: unknown): T => value as T;
const metadata = { name: "x", generation: 1, creationTimestamp: "1970-01-01T00:00:00Z" };
const rule: admissionregistrationV1.RuleWithOperations = {
  operations: ["CREATE"],
  apiGroups: [""],
  apiVersions: ["v1"],
  resources: ["pods"],
};
const configuration = (
  change: Partial<admissionregistrationV1.MutatingWebhook> = {},
): MutatingWebhookConfiguration => ({
  metadata,
  webhooks: [
    {
      name: "a.example.com",
      clientConfig: { url: "https://a.example.com/path" },
      rules: [rule],
      sideEffects: "None",
      admissionReviewVersions: ["v1"],
      ...change,
    },
  ],
});

const tables = new RuleTables<MutatingWebhookConfiguration>("MutatingWebhookConfiguration", mutatingWebhookStrategy);
tables.accepts([
  ["one at a URL", configuration()],
  [
    "one at a Service",
    configuration({ clientConfig: { service: { name: "s", namespace: "n", port: 443, path: "/a" } } }),
  ],
]);
const form = "; desired format: https://host[/path]";
const resources = "webhooks[0].rules[0].resources";
tables.rejects([
  [
    "one that is nowhere",
    configuration({ clientConfig: {} }),
    ["webhooks[0].clientConfig: Required value: exactly one of url or service is required"],
  ],
  [
    "a plain URL with a question",
    configuration({ clientConfig: { url: "http://a?b" } }),
    [
      `webhooks[0].clientConfig.url: Invalid value: "http": 'https' is the only allowed URL scheme${form}`,
      'webhooks[0].clientConfig.url: Invalid value: "b": query parameters are not permitted in the URL',
    ],
  ],
  [
    "a Service of no name",
    configuration({ clientConfig: { service: wrong({ namespace: "n", name: "", path: "a//b" }) } }),
    [
      "webhooks[0].clientConfig.service.namespace: Required value",
      "webhooks[0].clientConfig.service.path: Invalid value: \"a//b\": must start with a '/'",
      'webhooks[0].clientConfig.service.path: Invalid value: "a//b": segment[0] may not be empty',
      'webhooks[0].clientConfig.service.path: Invalid value: "a//b": segment[1] may not be empty',
    ],
  ],
  [
    "a wildcard among others",
    configuration({ rules: [{ ...rule, resources: ["*", "pods"] }] }),
    [
      `${resources}: Invalid value: ["*","pods"]: if '*' is present, must not specify other resources without subresources`,
    ],
  ],
  [
    "a subresource twice",
    configuration({ rules: [{ ...rule, resources: ["pods/*", "pods/status"] }] }),
    [`${resources}[1]: Invalid value: "pods/status": if 'pods/*' is present, must not specify pods/status`],
  ],
  [
    "side effects",
    configuration({ sideEffects: "Some" }),
    ['webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"'],
  ],
  [
    "an unknown version",
    configuration({ admissionReviewVersions: ["v9"] }),
    ['webhooks[0].admissionReviewVersions: Invalid value: ["v9"]: must include at least one of v1, v1beta1'],
  ],
  [
    "a long wait",
    configuration({ timeoutSeconds: 31 }),
    ["webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds"],
  ],
]);
tables.changes([
  [
    "what was accepted once stays",
    configuration({ sideEffects: "Some", admissionReviewVersions: ["v9"] }),
    configuration({ sideEffects: "Unknown", admissionReviewVersions: ["v9"] }),
    [],
  ],
]);
const condition = (name: string, expression = "true") => ({ name, expression });
tables.rejects([
  [
    "conditions",
    configuration({ matchConditions: [condition("a"), condition("a", " "), condition("")] }),
    [
      "webhooks[0].matchConditions[1].expression: Required value",
      'webhooks[0].matchConditions[1].name: Duplicate value: "a"',
      "webhooks[0].matchConditions[2].name: Required value",
    ],
  ],
]);
tables.prints([["a configuration", configuration(), ["x", 1, "0s"]]]);

const matchConstraints: admissionregistrationV1.MatchResources = {
  matchPolicy: "Equivalent",
  namespaceSelector: {},
  objectSelector: {},
  resourceRules: [rule],
};

const validating = (change: Partial<ValidatingAdmissionPolicy["spec"]> = {}): ValidatingAdmissionPolicy => ({
  metadata,
  spec: { failurePolicy: "Fail", matchConstraints, validations: [{ expression: "true" }], ...change },
});
const policies = new RuleTables<ValidatingAdmissionPolicy>("ValidatingAdmissionPolicy", validatingPolicyStrategy);
policies.accepts([
  ["one of rules", validating({ variables: [{ name: "a", expression: "1" }] })],
  ["one of annotations", validating({ validations: [], auditAnnotations: [{ key: "a", valueExpression: "'b'" }] })],
]);
policies.rejects([
  [
    "an empty one",
    { metadata, spec: {} },
    [
      "spec.failurePolicy: Required value",
      "spec.matchConstraints: Required value",
      "spec.validations: Required value: validations or auditAnnotations must contain at least one item",
      "spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item",
    ],
  ],
  [
    "one about nothing",
    validating({ matchConstraints: {} }),
    [
      "spec.matchConstraints.matchPolicy: Required value",
      "spec.matchConstraints.namespaceSelector: Required value",
      "spec.matchConstraints.objectSelector: Required value",
      "spec.matchConstraints.resourceRules: Required value",
    ],
  ],
  [
    "parameters",
    validating({ paramKind: { apiVersion: "a/b/c" } }),
    [
      'spec.paramKind.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
      "spec.paramKind.kind: Required value",
    ],
  ],
  [
    "a rule",
    validating({ validations: [{ expression: " ", message: "a\nb", messageExpression: " ", reason: "X" }] }),
    [
      "spec.validations[0].expression: Required value: expression is not specified",
      'spec.validations[0].messageExpression: Invalid value: " ": must be non-empty if specified',
      'spec.validations[0].message: Invalid value: "a\\nb": must not contain line breaks',
      'spec.validations[0].reason: Unsupported value: "X": supported values: "Forbidden", "Invalid", "RequestEntityTooLarge"',
    ],
  ],
  [
    "a variable",
    validating({ variables: [{ name: "in", expression: "" }] }),
    [
      'spec.variables[0].name: Invalid value: "in": must be a valid CEL identifier',
      "spec.variables[0].expression: Required value: expression is not specified",
    ],
  ],
  [
    "several things, told in the order of the fields",
    validating({
      matchConditions: [{ name: "", expression: "1" }],
      variables: [{ name: "a-b", expression: "x" }],
      auditAnnotations: [{ key: "", valueExpression: "1" }],
    }),
    [
      'spec.matchConditions[0].expression: Invalid value: "1": must evaluate to bool but got int',
      "spec.matchConditions[0].name: Required value",
      'spec.variables[0].name: Invalid value: "a-b": must be a valid CEL identifier',
      "spec.variables[0].expression: Invalid value: \"x\": compilation failed: ERROR: <input>:1:1: undeclared reference to 'x' (in container '')\n | x\n | ^",
      'spec.auditAnnotations[0].key: Invalid value: "x/": name part must be non-empty',
      "spec.auditAnnotations[0].key: Invalid value: \"x/\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
      'spec.auditAnnotations[0].valueExpression: Invalid value: "1": must evaluate to one of [string null_type] but got int',
    ],
  ],
  [
    "variables that are not given",
    validating({ validations: [{ expression: "variables.a" }] }),
    [
      "spec.validations[0].expression: Invalid value: \"variables.a\": compilation failed: ERROR: <input>:1:1: undeclared reference to 'variables' (in container '')\n | variables.a\n | ^",
    ],
  ],
  [
    "a variable that says nothing",
    validating({ variables: [{ name: "a", expression: " " }], validations: [{ expression: "variables.a" }] }),
    [
      "spec.variables[0].expression: Required value: expression is not specified",
      "spec.validations[0].expression: Invalid value: \"variables.a\": compilation failed: ERROR: <input>:1:10: undefined field 'a'\n | variables.a\n | .........^",
    ],
  ],
  [
    "the same annotation twice",
    validating({ auditAnnotations: [1, 2].map(() => ({ key: "k", valueExpression: "'1'" })) }),
    ['spec.auditAnnotations[1].key: Duplicate value: "k"'],
  ],
]);
const warned = (warning: string): ValidatingAdmissionPolicy => ({
  ...validating(),
  status: { typeChecking: { expressionWarnings: [{ fieldRef: "spec.validations[0].expression", warning }] } },
});
policies.changes(
  [
    [
      "a warning says something",
      warned(""),
      validating(),
      ["status.typeChecking.expressionWarnings[0].warning: Required value"],
    ],
  ],
  "status",
);
policies.prints([
  ["a policy", validating({ paramKind: { apiVersion: "v1", kind: "ConfigMap" } }), ["x", 1, "v1/ConfigMap", "0s"]],
]);

const bound = (change: Partial<ValidatingAdmissionPolicyBinding["spec"]>): ValidatingAdmissionPolicyBinding => ({
  metadata,
  spec: { policyName: "p", validationActions: ["Deny"], ...change },
});
const parameters = { name: "n", parameterNotFoundAction: "Deny" };
const bindings = new RuleTables("ValidatingAdmissionPolicyBinding", validatingPolicyBindingStrategy);
bindings.accepts([["one with parameters", bound({ paramRef: parameters, matchResources: matchConstraints })]]);
bindings.rejects([
  [
    "no policy and no action",
    bound({ policyName: "", validationActions: [] }),
    [
      "spec.policyName: Required value",
      "spec.validationActions: Required value: at least one validation action is required",
    ],
  ],
  [
    "actions that say the same",
    bound({ validationActions: ["Deny", "Warn"] }),
    [
      'spec.validationActions: Invalid value: ["Deny","Warn"]: must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
    ],
  ],
  [
    "parameters by name and selector",
    bound({ paramRef: { name: "n", selector: {} } }),
    [
      "spec.paramRef.name: Forbidden: name and selector are mutually exclusive",
      "spec.paramRef.selector: Forbidden: name and selector are mutually exclusive",
      "spec.paramRef.parameterNotFoundAction: Required value",
    ],
  ],
]);
bindings.prints([
  ["one without parameters", bound({}), ["x", "p", "<unset>", "0s"]],
  ["one with a name", bound({ paramRef: parameters }), ["x", "p", "*/n", "0s"]],
  [
    "one with a selector",
    bound({ paramRef: { selector: { matchLabels: { a: "b" } } } }),
    [
      "x",
      "p",
      "&LabelSelector{MatchLabels:map[string]string{a: b,},MatchExpressions:[]LabelSelectorRequirement{},}",
      "0s",
    ],
  ],
]);

const mutating = (change: Partial<MutatingAdmissionPolicy["spec"]> = {}): MutatingAdmissionPolicy => ({
  metadata,
  spec: {
    failurePolicy: "Fail",
    matchConstraints,
    reinvocationPolicy: "Never",
    mutations: [{ patchType: "JSONPatch", jsonPatch: { expression: "[JSONPatch{op: 'remove', path: '/data'}]" } }],
    ...change,
  },
});
const mutatingPolicies = new RuleTables("MutatingAdmissionPolicy", mutatingPolicyStrategy);
mutatingPolicies.accepts([["a patch", mutating()]]);
mutatingPolicies.rejects([
  [
    "one without changes",
    mutating({ mutations: [] }),
    ["spec.mutations: Required value: mutations must contain at least one item"],
  ],
  [
    "changes to what is deleted",
    mutating({ matchConstraints: { ...matchConstraints, resourceRules: [{ ...rule, operations: ["DELETE"] }] } }),
    [
      'spec.matchConstraints.resourceRules.operations: Unsupported value: "DELETE": supported values: "*", "CONNECT", "CREATE", "UPDATE"',
    ],
  ],
  [
    "the wrong patch",
    mutating({ mutations: [{ patchType: "ApplyConfiguration", jsonPatch: { expression: "[]" } }] }),
    [
      "spec.mutations[0].applyConfiguration: Required value: must be specified when patchType is ApplyConfiguration",
      'spec.mutations[0].jsonPatch: Invalid value: "{jsonPatch}": must not be specified when patchType is ApplyConfiguration',
    ],
  ],
]);
mutatingPolicies.prints([["a policy", mutating(), ["x", 1, "<unset>", "0s"]]]);

const mutatingBindings = new RuleTables<MutatingAdmissionPolicyBinding>(
  "MutatingAdmissionPolicyBinding",
  mutatingPolicyBindingStrategy,
);
mutatingBindings.accepts([["one", { metadata, spec: { policyName: "p" } }]]);
mutatingBindings.rejects([
  ["a name that is none", { metadata, spec: { policyName: "" } }, ["spec.policyName: Required value"]],
]);
