import type { ValidatingAdmissionPolicy } from "../../api/index.ts";
import { informerOf, keyOf, kinds } from "../../client/index.ts";
import { Controller, type Key } from "../../reconcile/index.ts";
import type { ControllerDescriptor } from "../descriptor.ts";
import { ServedTypes } from "./served-types.ts";
import { checkTypes } from "./type-checker.ts";

const name = "validatingadmissionpolicy-status-controller";
const fieldManager = "validatingadmissionpolicy-status";

/** Says in the status of policies which of their expressions do not fit the kinds that they judge. */
export const validatingAdmissionPolicyStatusController: ControllerDescriptor = {
  name,
  create({ client, clock, informers, log, metrics }) {
    const policies = informerOf(informers, kinds.validatingadmissionpolicies);
    const reconcile = async (key: Key, signal: AbortSignal): Promise<void> => {
      const policy = policies.lister.get(key);
      const generation = policy?.metadata.generation ?? 0;
      if (policy === undefined || (policy.status?.observedGeneration ?? 0) >= generation) return;
      // The types are read anew for every policy: definitions come and go.
      const expressionWarnings = await checkTypes(policy, new ServedTypes(client, signal));
      const typeChecking = expressionWarnings.length === 0 ? {} : { expressionWarnings };
      const body = {
        ...{ apiVersion: "admissionregistration.k8s.io/v1", kind: "ValidatingAdmissionPolicy" },
        metadata: { name: policy.metadata.name ?? "" },
        status: { observedGeneration: generation, typeChecking },
      };
      await client
        .resource<ValidatingAdmissionPolicy>(kinds.validatingadmissionpolicies)
        .patch(
          policy.metadata.name ?? "",
          { type: "apply", body },
          { fieldManager, force: true, subresource: "status", signal },
        );
    };
    return new Controller({ name, clock, log, metrics, reconciler: { reconcile } }).watch(policies, (policy) => [
      keyOf(policy),
    ]);
  },
};
