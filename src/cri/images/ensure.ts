import type { BuildOptions } from "./build.ts";
import { buildImage } from "./build.ts";
import type { ImageDefinition } from "./definition.ts";
import { type ImageStore, importImage } from "./store.ts";

/**
 * Makes sure that the runtime holds exactly this image: builds it (same recipe, same id) and imports it when the
 * runtime has none or another one of that name. Returns its id and whether it was imported.
 */
export async function ensureImage(
  store: ImageStore,
  definition: ImageDefinition,
  build: Omit<BuildOptions, "outputFile">,
  signal?: AbortSignal,
): Promise<{ readonly id: string; readonly imported: boolean }> {
  const outputFile = `${build.cacheDirectory}/${definition.name.replaceAll(/[^a-zA-Z0-9.]+/g, "-")}.tar`;
  const built = await buildImage(definition, { ...build, outputFile });
  try {
    const { image } = await store.images.imageStatus({ image: { image: definition.name } }, { signal });
    if (image?.id === built.id) return { id: built.id, imported: false };
    await importImage(store, built.file, signal);
    return { id: built.id, imported: true };
  } finally {
    await build.disk.remove(outputFile);
  }
}
