import { createHash } from "node:crypto";
import { type Disk, type Processes, runChecked } from "../../base/index.ts";
import type { ImageConfig } from "./definition.ts";
import type { Architecture } from "./pause.ts";

export interface ArchiveInput {
  readonly reference: string;
  readonly architecture: Architecture;
  readonly config: ImageConfig;
  /** The image's root file system. */
  readonly rootDirectory: string;
  /** Scratch space; left behind for the caller to remove. */
  readonly workDirectory: string;
  readonly outputFile: string;
}

export interface BuiltImage {
  readonly reference: string;
  readonly file: string;
  /** The digest of the image's configuration, which is its id in a runtime. */
  readonly id: string;
}

const EPOCH = "1970-01-01T00:00:00Z";
/** The same files give the same bytes: sorted names, no times, no owners' names. */
const deterministic = ["--sort=name", "--mtime=@0", "--numeric-owner", "--format=gnu"];

/** Packs a root file system into an OCI archive with one uncompressed layer. Equal input gives equal bytes. */
export async function writeOciArchive(
  tools: { readonly disk: Disk; readonly processes: Processes },
  input: ArchiveInput,
): Promise<BuiltImage> {
  const { disk, processes } = tools;
  const layout = `${input.workDirectory}/layout`;
  const blobs = `${layout}/blobs/sha256`;
  await disk.makeDirectory(blobs);
  const layerFile = `${input.workDirectory}/layer.tar`;
  await tar(processes, layerFile, input.rootDirectory);
  const layer = descriptor("application/vnd.oci.image.layer.v1.tar", await disk.read(layerFile));
  await disk.rename(layerFile, `${blobs}/${layer.digest.slice("sha256:".length)}`);

  const store = async (mediaType: string, value: unknown) => {
    const bytes = Buffer.from(JSON.stringify(value));
    const stored = descriptor(mediaType, bytes);
    await disk.write(`${blobs}/${stored.digest.slice("sha256:".length)}`, bytes);
    return stored;
  };
  const config = await store("application/vnd.oci.image.config.v1+json", imageConfig(input, layer.digest));
  const manifest = await store("application/vnd.oci.image.manifest.v1+json", {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config,
    layers: [layer],
  });
  await disk.write(`${layout}/oci-layout`, JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  await disk.write(`${layout}/index.json`, JSON.stringify(index(input, manifest)));
  await tar(processes, input.outputFile, layout);
  return { reference: input.reference, file: input.outputFile, id: config.digest };
}

async function tar(processes: Processes, file: string, directory: string): Promise<void> {
  await runChecked(processes, "tar", [...deterministic, "--owner=0", "--group=0", "-C", directory, "-cf", file, "."], {
    timeoutMs: 300_000,
  });
}

function descriptor(mediaType: string, bytes: Uint8Array) {
  return { mediaType, digest: `sha256:${createHash("sha256").update(bytes).digest("hex")}`, size: bytes.length };
}

function imageConfig(input: ArchiveInput, layerDigest: string) {
  const { config } = input;
  return {
    created: EPOCH,
    architecture: input.architecture,
    os: "linux",
    config: {
      User: config.user,
      ExposedPorts: config.exposedPorts && Object.fromEntries(config.exposedPorts.map((port) => [port, {}])),
      Env: Object.entries(config.environment ?? {}).map(([name, value]) => `${name}=${value}`),
      Entrypoint: config.entrypoint,
      Cmd: config.command,
      WorkingDir: config.workingDirectory,
      Labels: config.labels,
      StopSignal: config.stopSignal,
    },
    rootfs: { type: "layers", diff_ids: [layerDigest] },
    history: [{ created: EPOCH, created_by: "k8ts image build" }],
  };
}

function index(input: ArchiveInput, manifest: object) {
  const tag = input.reference.slice(input.reference.lastIndexOf(":") + 1);
  const annotations = { "io.containerd.image.name": input.reference, "org.opencontainers.image.ref.name": tag };
  const platform = { architecture: input.architecture, os: "linux" };
  return { schemaVersion: 2, manifests: [{ ...manifest, platform, annotations }] };
}
