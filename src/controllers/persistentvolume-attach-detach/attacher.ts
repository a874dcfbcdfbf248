import type { VolumeAttachment } from "../../api/index.ts";
import { type Clock, messageOf } from "../../base/index.ts";
import { type Client, isAlreadyExists, isNotFound, kinds, type Lister } from "../../client/index.ts";
import { type AttachableVolume, attachmentName, type NamedVolume } from "./volumes.ts";

const timeoutMs = 120_000;
const firstPollMs = 500;
const pollMaxMs = 7_000;
const pollFactor = 1.05;

export interface AttacherOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly attachments: Lister<VolumeAttachment>;
}

/** Asks a driver's external-attacher, by VolumeAttachment objects, and waits for its answer. */
export class Attacher {
  readonly #options: AttacherOptions;

  constructor(options: AttacherOptions) {
    this.#options = options;
  }

  /** Throws what the driver says. */
  async attach(volume: AttachableVolume, node: string, signal: AbortSignal): Promise<void> {
    const { client, attachments } = this.#options;
    const name = attachmentName(volume, node);
    if (attachments.get(name) === undefined) {
      const spec = { nodeName: node, attacher: volume.driver, source: { persistentVolumeName: volume.volume } };
      const object = { apiVersion: "storage.k8s.io/v1", kind: "VolumeAttachment", metadata: { name }, spec };
      const api = client.resource<VolumeAttachment>(kinds.volumeattachments);
      await api.create(object, { signal }).catch((error: unknown) => {
        if (!isAlreadyExists(error)) throw new Error(`kubernetes.io/csi: attacher.Attach failed: ${messageOf(error)}`);
      });
    }
    await this.#wait(
      `timed out waiting for external-attacher of ${volume.driver} CSI driver to attach volume ${volume.handle}`,
      () => {
        const found = attachments.get(name);
        return found !== undefined && isAttached(found);
      },
      signal,
    );
  }

  /** Throws what the driver says. */
  async detach(volume: NamedVolume, node: string, signal: AbortSignal): Promise<void> {
    const { client, attachments } = this.#options;
    const name = attachmentName(volume, node);
    try {
      await client.resource<VolumeAttachment>(kinds.volumeattachments).delete(name, { signal });
    } catch (error) {
      if (isNotFound(error)) return;
      const what = `detacher.Detach failed to delete VolumeAttachment [${name}]`;
      throw new Error(`kubernetes.io/csi: ${what}: ${messageOf(error)}`);
    }
    await this.#wait(
      `timed out waiting for external-attacher of unknown CSI driver to detach volume ${volume.handle}`,
      () => isDetached(attachments.get(name)),
      signal,
    );
  }

  async #wait(timeout: string, isDone: () => boolean, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const endsAt = clock.monotonic() + timeoutMs;
    for (let pollMs = firstPollMs; clock.monotonic() < endsAt; pollMs = Math.min(pollMs * pollFactor, pollMaxMs)) {
      await clock.sleep(pollMs, signal);
      if (isDone()) return;
    }
    throw new Error(timeout);
  }
}

function isAttached({ metadata, status }: VolumeAttachment): boolean {
  if (metadata.deletionTimestamp !== undefined) throw new Error("volume attachment is being deleted");
  if (status?.attached === true) return true;
  if (status?.attachError !== undefined) throw new Error(status.attachError.message ?? "");
  return false;
}

function isDetached(found: VolumeAttachment | undefined): boolean {
  if (found?.status?.detachError !== undefined) throw new Error(found.status.detachError.message ?? "");
  return found === undefined;
}
