import type { admissionregistrationV1, MutatingWebhookConfiguration } from "../../../api/index.ts";
import { RuleTables } from "../fixture.ts";
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
      "webhooks[0].clientConfig.service.name: Required value",
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
    ['webhooks[0].admissionReviewVersions: Invalid value: ["v9"]: must include at least one of v1, v1beta1, v1alpha1'],
  ],
  [
    "a long wait",
    configuration({ timeoutSeconds: 31 }),
    ["webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds"],
  ],
]);
tables.prints([["a configuration", configuration(), ["x", 1, "0s"]]]);
