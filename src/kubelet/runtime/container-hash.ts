/**
 * The hash by which a running container is recognized as made from this part of a pod. Only the name and the image
 * count, as upstream since v1.31: the same figure, so that either kubelet keeps the other's containers.
 */
export function containerHash(container: { readonly name: string; readonly image?: string }): string {
  const picked = JSON.stringify({ image: container.image ?? "", name: container.name });
  const bytes = new TextEncoder().encode(picked);
  return fnv1a(`([]uint8)[${bytes.join(" ")}]`).toString(16);
}

/** FNV-1a, 32 bits. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return hash;
}
