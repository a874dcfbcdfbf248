import { maxNodeScore, type NodeScorer, type SchedulerPlugin } from "../framework/contract.ts";

const mebibyte = 1024 * 1024;
/** Upstream: between 23 MB and 1000 MB per container. */
const lowest = 23 * mebibyte;
const highestPerContainer = 1000 * mebibyte;

/** Prefers nodes that have the images already, weighed by size and by how many nodes have them. */
export const imageLocality: SchedulerPlugin = {
  name: "ImageLocality",
  events: [],
  score(pod, nodes): NodeScorer | undefined {
    const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
    const names = containers.map(({ image }) => normalized(image ?? "")).filter((name) => nodes.imageNodes.has(name));
    if (names.length === 0) return undefined;
    const total = nodes.live.length;
    const highest = highestPerContainer * containers.length;
    return {
      score(row) {
        const { images } = nodes.record(row);
        let sum = 0;
        for (const name of names) {
          const size = images.get(name);
          if (size !== undefined) sum += Math.floor(size * ((nodes.imageNodes.get(name) ?? 0) / total));
        }
        const bounded = Math.min(Math.max(sum, lowest), highest);
        return Math.floor((maxNodeScore * (bounded - lowest)) / (highest - lowest));
      },
    };
  },
};

/** `nginx` → `nginx:latest`. */
function normalized(image: string): string {
  return image.lastIndexOf(":") <= image.lastIndexOf("/") ? `${image}:latest` : image;
}
