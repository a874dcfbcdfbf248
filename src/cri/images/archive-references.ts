import type { Processes } from "../../base/index.ts";

/** The full references that a docker or OCI archive names. Those that are only tags are left out. */
export async function archiveReferences(processes: Processes, file: string): Promise<readonly string[]> {
  const read = async (name: string): Promise<unknown> => {
    for (const path of [name, `./${name}`]) {
      const { code, stdout } = await processes.run("tar", ["-xOf", file, path], { timeoutMs: 120_000 });
      if (code === 0) return JSON.parse(stdout);
    }
    return undefined;
  };
  const fromIndex = indexReferences(await read("index.json"));
  return fromIndex.length > 0 ? fromIndex : manifestReferences(await read("manifest.json"));
}

interface OciIndex {
  readonly manifests?: readonly { readonly annotations?: Readonly<Record<string, string>> }[];
}

function indexReferences(index: unknown): readonly string[] {
  const names = ((index ?? {}) as OciIndex).manifests?.flatMap(({ annotations = {} }) => {
    const name = annotations["io.containerd.image.name"] ?? annotations["org.opencontainers.image.ref.name"];
    return name?.includes("/") === true ? [name] : [];
  });
  return [...new Set(names)];
}

function manifestReferences(manifest: unknown): readonly string[] {
  const entries = (Array.isArray(manifest) ? manifest : []) as readonly { readonly RepoTags?: readonly string[] }[];
  return entries.flatMap(({ RepoTags = [] }) => RepoTags.map(fullReference));
}

/** Docker's short names: `nginx:1` → `docker.io/library/nginx:1`, `me/app:1` → `docker.io/me/app:1` */
export function fullReference(name: string): string {
  const [first = "", ...rest] = name.split("/");
  if (rest.length === 0) return `docker.io/library/${name}`;
  return /[.:]/.test(first) || first === "localhost" ? name : `docker.io/${name}`;
}
