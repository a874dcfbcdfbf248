import { type Clock, type Processes, runChecked } from "../../base/index.ts";
import { CriError } from "../errors.ts";
import { archiveReferences } from "./archive-references.ts";
import type { ImageService } from "../services.ts";

export interface ImageStore {
  readonly processes: Processes;
  readonly clock: Clock;
  readonly images: ImageService;
  /** containerd's socket. */
  readonly socket: string;
  readonly snapshotter: string;
}

const IMPORT_TIMEOUT_MS = 300_000;
const VISIBLE_TIMEOUT_MS = 60_000;

/**
 * Imports a docker or OCI archive and returns the references that it holds, once the runtime shows them over CRI.
 * Importing the same archive again is harmless.
 */
export async function importImage(store: ImageStore, file: string, signal?: AbortSignal): Promise<readonly string[]> {
  const args = ["images", "import", "--snapshotter", store.snapshotter, file];
  const printed = await ctr(store, args, IMPORT_TIMEOUT_MS);
  const unpacked = [...printed.matchAll(/^unpacking (\S+) \(/gm)].map((match) => match[1] ?? "");
  const references = unpacked.length > 0 ? unpacked : await archiveReferences(store.processes, file);
  for (const reference of references) await waitUntilVisible(store, reference, signal);
  return references;
}

/** Tells the runtime that image garbage collection must not take this image. */
export async function pinImage(store: ImageStore, reference: string): Promise<void> {
  await ctr(store, ["images", "label", reference, "io.cri-containerd.pinned=pinned"], 10_000);
}

function ctr(store: ImageStore, args: readonly string[], timeoutMs: number): Promise<string> {
  return runChecked(store.processes, "ctr", ["--address", store.socket, "--namespace", "k8s.io", ...args], {
    timeoutMs,
  });
}

/** The CRI part learns of new images by an event, so they appear a moment after the import. */
async function waitUntilVisible(store: ImageStore, reference: string, signal?: AbortSignal): Promise<void> {
  const deadline = store.clock.monotonic() + VISIBLE_TIMEOUT_MS;
  while (store.clock.monotonic() < deadline) {
    const { image } = await store.images.imageStatus({ image: { image: reference } }, { signal });
    if (image !== null) return;
    await store.clock.sleep(20, signal);
  }
  throw new CriError("DeadlineExceeded", `image ${reference} was imported but did not appear`);
}
