import { type Clock, type Disk, isAbort, type Log, messageOf } from "../../base/index.ts";
import type { ContainerRuntime } from "../../cri/index.ts";

export interface ImageGarbageOptions {
  readonly cri: ContainerRuntime;
  readonly clock: Clock;
  readonly disk: Disk;
  readonly log: Log;
  /** Percent of the file system in use at which images are removed, and down to which. 100 turns it off. */
  readonly highPercent: number;
  readonly lowPercent: number;
  readonly minimumAgeMs: number;
}

const periodMs = 300_000;

interface Seen {
  readonly firstMs: number;
  lastUsedMs: number;
}

/** Removes unused images, the ones used longest ago first, when the disk they lie on fills up. */
export class ImageGarbage {
  readonly #options: ImageGarbageOptions;
  readonly #seen = new Map<string, Seen>();

  constructor(options: ImageGarbageOptions) {
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, highPercent } = this.#options;
    while (!signal.aborted && highPercent < 100) {
      try {
        await this.collect(signal);
      } catch (error) {
        if (isAbort(error, signal) || signal.aborted) return;
        log.warn("Unused images could not be removed", { error: messageOf(error) });
      }
      await clock.sleep(periodMs, signal).catch(() => {});
    }
  }

  async collect(signal: AbortSignal): Promise<void> {
    const { cri, disk, highPercent, lowPercent } = this.#options;
    const candidates = await this.#unused(signal);
    const info = await cri.images.imageFsInfo({}, { signal });
    const mount = info.imageFilesystems[0]?.fsId?.mountpoint;
    if (mount === undefined) return;
    const { totalBytes, freeBytes } = await disk.capacity(mount);
    if (totalBytes === 0 || ((totalBytes - freeBytes) / totalBytes) * 100 < highPercent) return;
    await this.free((totalBytes * (100 - lowPercent)) / 100 - freeBytes, candidates, signal);
  }

  /** Removes images until so many bytes are free; returns how many became so. */
  async free(bytes: number, candidates: readonly Candidate[], signal: AbortSignal): Promise<number> {
    const { cri, clock, minimumAgeMs, log } = this.#options;
    let freed = 0;
    for (const image of candidates) {
      if (freed >= bytes) break;
      if (clock.now() - image.firstMs < minimumAgeMs) continue;
      await cri.images.removeImage({ image: { image: image.id } }, { signal });
      log.info("Removed an unused image", { id: image.id, bytes: image.size });
      freed += image.size;
    }
    return freed;
  }

  /** Images that no container uses, the ones used longest ago first. */
  async #unused(signal: AbortSignal): Promise<Candidate[]> {
    const { cri, clock } = this.#options;
    const [{ images }, { containers }] = await Promise.all([
      cri.images.listImages({}, { signal }),
      cri.runtime.listContainers({}, { signal }),
    ]);
    const used = new Set(
      containers.flatMap((container) => [container.imageRef, container.image?.image ?? "", container.imageId]),
    );
    const nowMs = clock.now();
    const found: Candidate[] = [];
    for (const image of images) {
      const seen = this.#seen.get(image.id) ?? { firstMs: nowMs, lastUsedMs: 0 };
      this.#seen.set(image.id, seen);
      const inUse = [image.id, ...image.repoTags, ...image.repoDigests].some((name) => used.has(name));
      if (inUse) seen.lastUsedMs = nowMs;
      else if (!image.pinned) found.push({ id: image.id, size: image.size, ...seen });
    }
    const ids = new Set(images.map((image) => image.id));
    for (const id of this.#seen.keys()) if (!ids.has(id)) this.#seen.delete(id);
    return found.sort((a, b) => a.lastUsedMs - b.lastUsedMs || a.firstMs - b.firstMs);
  }
}

interface Candidate extends Seen {
  readonly id: string;
  readonly size: number;
}
