import type { Namespace } from "../../../api/index.ts";
import { fieldPath, invalid, nameIsDnsLabel, validateFinalizerName } from "../../../apimachinery/index.ts";
import { checkKubeFinalizer, type Errors } from "../common/check.ts";
import { collect, keep, statusOnly } from "../common/lifecycle.ts";
import { ageColumn, defineTable, nameColumn, text } from "../common/table.ts";
import type { Strategy } from "../contract.ts";

const finalizersPath = fieldPath("spec", "finalizers");
const phasePath = fieldPath("status", "Phase");
/** Stays until the contents of the namespace are gone. */
const contentFinalizer = "kubernetes";

export const namespaceStrategy: Strategy<Namespace> = {
  prepareForCreate(namespace) {
    namespace.status = { phase: "Active" };
    const finalizers = namespace.spec?.finalizers ?? [];
    if (finalizers.includes(contentFinalizer)) return;
    namespace.spec = { ...namespace.spec, finalizers: [...finalizers, contentFinalizer] };
  },
  prepareForUpdate(namespace, old) {
    keep(namespace, old, "spec");
    keep(namespace, old, "status");
  },
  validateName: nameIsDnsLabel,
  validate: ({ spec }) =>
    collect((errors) => {
      for (const name of spec?.finalizers ?? []) {
        validateFinalizerName(name, finalizersPath, errors);
        checkKubeFinalizer(name, finalizersPath, errors);
      }
    }),
  allowUnconditionalUpdate: true,
  holdsDeletion: ({ spec }) => (spec?.finalizers ?? []).length > 0,
  /** A namespace has no time to go in. */
  markDeleting(namespace) {
    delete namespace.metadata.deletionGracePeriodSeconds;
    namespace.status = { ...namespace.status, phase: "Terminating" };
  },
  status: statusOnly<Namespace>(checkPhase),
  resetFields: { finalize: ["status"] },
  subresources: {
    finalize: {
      prepareForUpdate: (namespace, old) => keep(namespace, old, "status"),
      validateUpdate: ({ spec }) =>
        collect((errors) => {
          for (const [index, name] of (spec?.finalizers ?? []).entries()) {
            validateFinalizerName(name, finalizersPath.index(index), errors);
            checkKubeFinalizer(name, finalizersPath.index(index), errors);
          }
        }),
    },
  },
  selectableFields: { "status.phase": ({ status }) => status?.phase ?? "" },
  table: defineTable([
    nameColumn,
    text("Status", "Whether it is in use or going.", ({ status }) => status?.phase ?? ""),
    ageColumn,
  ]),
};

function checkPhase({ metadata, status }: Namespace, _old: Namespace, errors: Errors): void {
  const phase = status?.phase ?? "";
  const deleting = metadata.deletionTimestamp !== undefined;
  if (!deleting && phase !== "Active") {
    errors.push(invalid(phasePath, phase, "may only be 'Active' if `deletionTimestamp` is empty"));
  }
  if (deleting && phase !== "Terminating") {
    errors.push(invalid(phasePath, phase, "may only be 'Terminating' if `deletionTimestamp` is not empty"));
  }
}
