import { areLabelsInConflict } from "./labels.ts";

/** How a pod uses a volume. */
export interface VolumeUse {
  readonly label: string;
  readonly policy: string;
}

/** Two pods that could not use their volume on the same node, as one of them sees it. */
export interface Conflict {
  readonly property: "SELinuxChangePolicy" | "SELinuxLabel";
  /** `namespace/name`. */
  readonly pod: string;
  readonly value: string;
  readonly other: string;
  readonly otherValue: string;
}

interface UsedVolume {
  readonly driver: string;
  readonly pods: Map<string, VolumeUse>;
}

/** Which pods use which volumes, and which of them are in conflict. */
export class VolumeUses {
  readonly #volumes = new Map<string, UsedVolume>();
  readonly #volumesOfPods = new Map<string, Set<string>>();

  /** Conflicts that are new by this, each from both sides. */
  add(volume: string, driver: string, pod: string, use: VolumeUse): readonly Conflict[] {
    const known = this.#volumes.get(volume) ?? { driver, pods: new Map<string, VolumeUse>() };
    this.#volumes.set(volume, known);
    this.#volumesOfPods.set(pod, (this.#volumesOfPods.get(pod) ?? new Set()).add(volume));
    const previous = known.pods.get(pod);
    if (previous?.label === use.label && previous.policy === use.policy) return [];
    known.pods.set(pod, use);
    return [...known.pods].flatMap(([other, otherUse]) =>
      other === pod ? [] : conflictsBetween(pod, use, other, otherUse),
    );
  }

  delete(pod: string): void {
    for (const volume of this.#volumesOfPods.get(pod) ?? []) {
      const known = this.#volumes.get(volume);
      known?.pods.delete(pod);
      if (known?.pods.size === 0) this.#volumes.delete(volume);
    }
    this.#volumesOfPods.delete(pod);
  }

  podsOf(driver: string): readonly string[] {
    return [...this.#volumes.values()].flatMap((volume) => (volume.driver === driver ? [...volume.pods.keys()] : []));
  }

  *conflicts(): Generator<Conflict> {
    for (const { pods } of this.#volumes.values()) {
      const uses = [...pods];
      for (const [index, [pod, use]] of uses.entries()) {
        for (const [other, otherUse] of uses.slice(index + 1)) yield* conflictsBetween(pod, use, other, otherUse);
      }
    }
  }
}

function conflictsBetween(pod: string, use: VolumeUse, other: string, otherUse: VolumeUse): readonly Conflict[] {
  const both = (property: Conflict["property"], value: string, otherValue: string): readonly Conflict[] => [
    { property, pod, value, other, otherValue },
    { property, pod: other, value: otherValue, other: pod, otherValue: value },
  ];
  return [
    ...(use.policy === otherUse.policy ? [] : both("SELinuxChangePolicy", use.policy, otherUse.policy)),
    ...(areLabelsInConflict(use.label, otherUse.label) ? both("SELinuxLabel", use.label, otherUse.label) : []),
  ];
}

/** A pod is told nothing of pods in other namespaces. */
export function conflictMessage({ property, pod, value, other, otherValue }: Conflict): string {
  const [namespace = ""] = pod.split("/");
  const [otherNamespace = "", otherName = ""] = other.split("/");
  const end = "If both pods land on the same node, only one of them may access the volume.";
  if (namespace === otherNamespace) {
    const same = `that uses the same volume as this pod with ${property} "${otherValue}"`;
    return `${property} "${value}" conflicts with pod ${otherName} ${same}. ${end}`;
  }
  const same = `that uses the same volume as this pod with a different ${property}`;
  return `${property}"${value}" conflicts with another pod ${same}. ${end}`;
}
