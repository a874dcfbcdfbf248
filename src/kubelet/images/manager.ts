import { type Clock, messageOf, Semaphore } from "../../base/index.ts";
import { type ImageService, isCriError, type Request, type Response } from "../../cri/index.ts";
import { containerTarget, type EventSink } from "../events.ts";
import { podUid } from "../pods/names.ts";
import { Backoff } from "../runtime/backoff.ts";
import type { ImageUser } from "../runtime/security-context.ts";
import { StartError } from "../runtime/start-error.ts";
import { goDuration } from "../time.ts";
import type { Container, Pod, Secret } from "../types.ts";
import { credentialsFor } from "./credentials.ts";
import { withDefaultTag } from "./reference.ts";

export interface ImageManagerOptions {
  readonly images: ImageService;
  readonly clock: Clock;
  readonly events: EventSink;
  readonly maxParallelPulls: number;
  readonly pullSecrets: (pod: Pod) => Promise<readonly Secret[]>;
}

export interface ReadyImage {
  /** As the runtime takes it in a container's configuration. */
  readonly ref: string;
  /** As the pod names it, with its default tag. */
  readonly name: string;
  readonly user: ImageUser;
}

type CriImage = NonNullable<Response<"ImageStatusResponse">["image"]>;

/** Sees to it that images are there, by the pull policy, several pulls at a time, with back-off after failures. */
export class ImageManager {
  readonly #options: ImageManagerOptions;
  readonly #pulls: Semaphore;
  readonly #backoff = new Backoff();
  readonly #lastErrors = new Map<string, string>();

  constructor(options: ImageManagerOptions) {
    this.#options = options;
    this.#pulls = new Semaphore(Math.max(1, options.maxParallelPulls));
  }

  /** Rejects with a `StartError`: InvalidImageName, ImageInspectError, ErrImageNeverPull, ErrImagePull, ImagePullBackOff. */
  async ensure(
    pod: Pod,
    container: Container,
    sandbox: Request<"PodSandboxConfig">,
    signal: AbortSignal,
  ): Promise<ReadyImage> {
    const name = withDefaultTag(container.image ?? "");
    if (name === undefined) throw this.#invalidName(pod, container);
    const present = await this.#status(pod, container, name, signal);
    const policy = container.imagePullPolicy ?? (name.endsWith(":latest") ? "Always" : "IfNotPresent");
    if (policy !== "Always" && present !== undefined) {
      const message = `Container image "${container.image}" already present on machine and can be accessed by the pod`;
      this.#event(pod, container, "Normal", "Pulled", message);
      return ready(name, present);
    }
    if (policy === "Never") {
      const message = `Container image "${container.image}" is not present with pull policy of Never`;
      this.#event(pod, container, "Warning", "ErrImageNeverPull", message);
      throw new StartError("ErrImageNeverPull", message);
    }
    await this.#pull(pod, container, name, sandbox, signal);
    const pulled = await this.#status(pod, container, name, signal);
    if (pulled === undefined) throw new StartError("ErrImagePull", `image "${container.image}" is gone after its pull`);
    return ready(name, pulled);
  }

  /** Milliseconds until the next pull of this container's image may be tried. */
  backoffMs(pod: Pod, container: Container): number {
    return this.#backoff.remainingSinceNoteMs(key(pod, container), this.#options.clock.now());
  }

  forget(uid: string): void {
    this.#backoff.forgetPrefix(`${uid}_`);
    for (const one of this.#lastErrors.keys()) if (one.startsWith(`${uid}_`)) this.#lastErrors.delete(one);
  }

  #invalidName(pod: Pod, container: Container): StartError {
    const cause = `couldn't parse image name "${container.image}": invalid reference format`;
    const message = `Failed to apply default image tag "${container.image}": ${cause}`;
    this.#event(pod, container, "Warning", "InspectFailed", message);
    return new StartError("InvalidImageName", message);
  }

  async #status(pod: Pod, container: Container, name: string, signal: AbortSignal): Promise<CriImage | undefined> {
    try {
      const found = await this.#options.images.imageStatus({ image: { image: name } }, { signal });
      return found.image ?? undefined;
    } catch (error) {
      signal.throwIfAborted();
      const message = `Failed to inspect image "${container.image}": ${messageOf(error)}`;
      this.#event(pod, container, "Warning", "InspectFailed", message);
      throw new StartError("ImageInspectError", message, { cause: error });
    }
  }

  async #pull(
    pod: Pod,
    container: Container,
    name: string,
    sandbox: Request<"PodSandboxConfig">,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock } = this.#options;
    const id = key(pod, container);
    if (this.#backoff.remainingSinceNoteMs(id, clock.now()) > 0) {
      const message = `Back-off pulling image "${container.image}"`;
      this.#event(pod, container, "Normal", "BackOff", message);
      const last = this.#lastErrors.get(id);
      throw new StartError("ImagePullBackOff", last === undefined ? message : `${message}: ErrImagePull: ${last}`);
    }
    this.#event(pod, container, "Normal", "Pulling", `Pulling image "${container.image}"`);
    const startedMs = clock.monotonic();
    try {
      const credentials = credentialsFor(name, await this.#options.pullSecrets(pod));
      const { size, pullingMs } = await this.#pulls.run(
        () => this.#pullWith(name, credentials, sandbox, signal),
        signal,
      );
      const waited = goDuration(Math.round(clock.monotonic() - startedMs));
      const message = `Successfully pulled image "${container.image}" in ${goDuration(Math.round(pullingMs))} (${waited} including waiting). Image size: ${size} bytes.`;
      this.#event(pod, container, "Normal", "Pulled", message);
      this.#lastErrors.delete(id);
    } catch (error) {
      signal.throwIfAborted();
      this.#backoff.note(id, clock.now(), clock.now());
      const reason = pullProblem(error);
      this.#lastErrors.set(id, reason);
      this.#event(pod, container, "Warning", "Failed", `Failed to pull image "${container.image}": ${reason}`);
      throw new StartError("ErrImagePull", reason, { cause: error });
    }
  }

  /** Tries the credentials one after another, and without any when there are none. */
  async #pullWith(
    name: string,
    credentials: readonly Request<"AuthConfig">[],
    sandbox: Request<"PodSandboxConfig">,
    signal: AbortSignal,
  ) {
    const { images, clock } = this.#options;
    const startedMs = clock.monotonic();
    const failures: unknown[] = [];
    for (const auth of credentials.length === 0 ? [undefined] : credentials) {
      try {
        await images.pullImage({ image: { image: name }, auth, sandboxConfig: sandbox }, { signal, timeoutMs: 0 });
        const pullingMs = clock.monotonic() - startedMs;
        const found = await images.imageStatus({ image: { image: name } }, { signal });
        return { size: found.image?.size ?? 0, pullingMs };
      } catch (error) {
        signal.throwIfAborted();
        failures.push(error);
      }
    }
    throw failures[0];
  }

  #event(pod: Pod, container: Container, type: "Normal" | "Warning", reason: string, message: string): void {
    this.#options.events.event(containerTarget(pod, container.name), type, reason, message);
  }
}

function key(pod: Pod, container: Container): string {
  return `${podUid(pod)}_${container.image}`;
}

function ready(name: string, image: CriImage): ReadyImage {
  return { ref: image.id, name, user: { uid: image.uid?.value, username: image.username } };
}

/** Runtimes say why in words; that they have no code for it tells nobody anything. */
function pullProblem(error: unknown): string {
  return isCriError(error, "Unknown") ? error.description : messageOf(error);
}
