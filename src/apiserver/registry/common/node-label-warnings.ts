import { type FieldPath, isValidLabelValue, type LabelSelector } from "../../../apimachinery/index.ts";

const deprecated: ReadonlyMap<string, string> = new Map([
  ["beta.kubernetes.io/arch", 'deprecated since v1.14; use "kubernetes.io/arch" instead'],
  ["beta.kubernetes.io/os", 'deprecated since v1.14; use "kubernetes.io/os" instead'],
  ["failure-domain.beta.kubernetes.io/region", 'deprecated since v1.17; use "topology.kubernetes.io/region" instead'],
  ["failure-domain.beta.kubernetes.io/zone", 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead'],
  ["beta.kubernetes.io/instance-type", 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead'],
  ["app.kubernetes.io/created-by", "deprecated since v1.9"],
  ["scheduler.alpha.kubernetes.io/preferAvoidPods", "deprecated since v1.22; use Taints and Tolerations instead"],
  ["node-role.kubernetes.io/master", 'use "node-role.kubernetes.io/control-plane" instead'],
]);

/** Undefined for a label of nodes that is still in use. */
export function nodeLabelWarning(key: string): string | undefined {
  return deprecated.get(key);
}

interface Requirement {
  readonly key: string;
  readonly values?: readonly string[];
}

/** `checkValues`: a preference with a value that no label can have is accepted, and never met. */
export function nodeTermWarnings(
  { matchExpressions = [] }: { readonly matchExpressions?: readonly Requirement[] },
  checkValues: boolean,
  path: FieldPath,
): readonly string[] {
  return matchExpressions.flatMap(({ key, values = [] }, index) => {
    const at = path.child("matchExpressions").index(index);
    const message = nodeLabelWarning(key);
    const ofKey = message === undefined ? [] : [`${at.child("key")}: ${key} is ${message}`];
    if (!checkValues) return ofKey;
    const ofValues = values.flatMap((value, place) =>
      isValidLabelValue(value).map((why) => `${at.child("values").index(place)}: ${value} is invalid, ${why}`),
    );
    return [...ofKey, ...ofValues];
  });
}

export function nodeSelectorWarnings(selector: LabelSelector | undefined, path: FieldPath): readonly string[] {
  const { matchExpressions = [], matchLabels = {} } = selector ?? {};
  return [
    ...nodeTermWarnings({ matchExpressions }, false, path),
    ...Object.keys(matchLabels).flatMap((label) => {
      const message = nodeLabelWarning(label);
      return message === undefined ? [] : [`${path.child("matchLabels").child(label)}: ${message}`];
    }),
  ];
}
