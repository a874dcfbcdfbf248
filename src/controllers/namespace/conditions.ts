import type { NamespaceCondition } from "../../api/index.ts";
import type { Content } from "./content.ts";

/** What a namespace that is being deleted says about its content, in upstream's order and words. */
export function contentConditions(content: Content): NamespaceCondition[] {
  const { discoveryFailures, failures, remaining, finalizers } = content;
  const discovery = [...discoveryFailures].map(([groupVersion, why]) => `${groupVersion}: ${why}`).join(", ");
  const left = [...remaining].sort().map(([resource, count]) => `${resource} has ${count} resource instances`);
  const held = [...finalizers].sort().map(([finalizer, count]) => `${finalizer} in ${count} resource instances`);
  const contentFailures = failures.filter((failure) => !discovery.includes(failure));
  return [
    condition(
      "NamespaceDeletionDiscoveryFailure",
      discoveryFailures.size > 0,
      [
        "DiscoveryFailed",
        `Discovery failed for some groups, ${discoveryFailures.size} failing: unable to retrieve the complete list of server APIs: ${discovery}`,
      ],
      ["ResourcesDiscovered", "All resources successfully discovered"],
    ),
    condition(
      "NamespaceDeletionGroupVersionParsingFailure",
      false,
      ["", ""],
      ["ParsedGroupVersions", "All legacy kube types successfully parsed"],
    ),
    condition(
      "NamespaceDeletionContentFailure",
      contentFailures.length > 0,
      [
        "ContentDeletionFailed",
        `Failed to delete all resource types, ${contentFailures.length} remaining: ${contentFailures.join(", ")}`,
      ],
      ["ContentDeleted", "All content successfully deleted, may be waiting on finalization"],
    ),
    condition(
      "NamespaceContentRemaining",
      left.length > 0,
      ["SomeResourcesRemain", `Some resources are remaining: ${left.join(", ")}`],
      ["ContentRemoved", "All content successfully removed"],
    ),
    condition(
      "NamespaceFinalizersRemaining",
      held.length > 0,
      ["SomeFinalizersRemain", `Some content in the namespace has finalizers remaining: ${held.join(", ")}`],
      ["ContentHasNoFinalizers", "All content-preserving finalizers finished"],
    ),
  ];
}

type Words = readonly [reason: string, message: string];

function condition(type: string, holds: boolean, when: Words, otherwise: Words): NamespaceCondition {
  const [reason, message] = holds ? when : otherwise;
  return { type, status: holds ? "True" : "False", reason, message };
}
