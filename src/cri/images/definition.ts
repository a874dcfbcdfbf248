/** What a file in an image holds: text, bytes, or a copy of a file of this machine. */
export type FileContent = { readonly mode?: number } & (
  | { readonly text: string }
  | { readonly bytes: Uint8Array }
  | { readonly copyOf: string }
);

/** The recipe of an image. Everything comes from Debian packages and from the recipe itself; nothing is executed. */
export interface ImageDefinition {
  /** The full reference, for example `k8ts.local/nginx:1`. */
  readonly name: string;
  /** Debian packages, unpacked together with what they depend on. Their installation scripts do not run. */
  readonly packages?: readonly string[];
  /** Dependencies that are left out, with what only they need. */
  readonly without?: readonly string[];
  readonly directories?: Readonly<Record<string, { readonly mode?: number }>>;
  readonly files?: Readonly<Record<string, FileContent>>;
  /** Symbolic links: path → target. */
  readonly links?: Readonly<Record<string, string>>;
  /** A program holding many (such as busybox): each name that it lists becomes a link beside it. */
  readonly applets?: string;
  readonly config?: ImageConfig;
}

/** How a container of the image starts. */
export interface ImageConfig {
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly workingDirectory?: string;
  /** `uid`, `uid:gid` or a name from the image's /etc/passwd. */
  readonly user?: string;
  readonly exposedPorts?: readonly string[];
  readonly stopSignal?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Reads a recipe from JSON. Throws an `Error` that names the first wrong field. */
export function parseImageDefinition(value: unknown): ImageDefinition {
  const recipe = record(value, "image");
  const known = ["name", "packages", "without", "directories", "files", "links", "applets", "config"];
  const unknown = Object.keys(recipe).find((key) => !known.includes(key));
  if (unknown !== undefined) throw new Error(`image: unknown field ${unknown}`);
  if (typeof recipe["name"] !== "string" || !recipe["name"].includes("/")) {
    throw new Error("image.name: must be a full reference, for example registry.example/name:tag");
  }
  for (const field of ["packages", "without"]) strings(recipe[field] ?? [], `image.${field}`);
  for (const field of ["directories", "files", "links", "config"]) record(recipe[field] ?? {}, `image.${field}`);
  for (const [path, file] of Object.entries(record(recipe["files"] ?? {}, "image.files"))) {
    const content = record(file, `image.files[${path}]`);
    if (typeof content["text"] !== "string" && typeof content["copyOf"] !== "string") {
      throw new Error(`image.files[${path}]: needs text or copyOf`);
    }
  }
  return recipe as unknown as ImageDefinition;
}

function record(value: unknown, path: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Error(`${path}: must be an object`);
  return value as Record<string, unknown>;
}

function strings(value: unknown, path: string): void {
  if (!Array.isArray(value) || value.some((item) => typeof item !== "string")) {
    throw new Error(`${path}: must be a list of strings`);
  }
}
