import { serviceAccountStrategy } from "../core/service-account.ts";
import { RuleTables } from "../fixture.ts";
import { withFinalizerRule } from "./finalizers.ts";

const accounts = new RuleTables("ServiceAccount", withFinalizerRule(serviceAccountStrategy));
accounts.accepts([["known finalizers", { metadata: { name: "x", finalizers: ["orphan", "example.com/a"] } }]]);
accounts.rejects([
  [
    "a finalizer of nobody's",
    { metadata: { name: "x", finalizers: ["mine"] } },
    [
      'metadata.finalizers[0]: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified',
    ],
  ],
]);
