import { parseYaml } from "../../apimachinery/index.ts";
import type { Disk } from "../../base/index.ts";
import { messageOf } from "../../base/index.ts";
import { ConfigError, type ConfigOf, type ConfigShape, field } from "./fields.ts";

/** One kind of configuration file, such as `KubeletConfiguration`. */
export interface ConfigurationKind<S extends ConfigShape> {
  /** The first is the current one; all are read alike. */
  readonly apiVersions: readonly string[];
  readonly kind: string;
  readonly shape: S;
  /** Unknown fields are no error. */
  readonly lenient?: boolean;
}

/**
 * Decodes a configuration strictly: another kind, a wrong type or an unknown field is an error that names all unknown
 * fields. Defaults are filled in.
 */
export function decodeConfiguration<S extends ConfigShape>(value: unknown, kind: ConfigurationKind<S>): ConfigOf<S> {
  const { apiVersion, kind: name, ...rest } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof name !== "string" || name === "") throw new ConfigError("Object 'Kind' is missing");
  if (typeof apiVersion !== "string" || apiVersion === "") throw new ConfigError("Object 'apiVersion' is missing");
  if (name !== kind.kind || !kind.apiVersions.includes(apiVersion)) {
    throw new ConfigError(`no kind ${JSON.stringify(name)} is registered for version ${JSON.stringify(apiVersion)}`);
  }
  const unknown: string[] = [];
  const decoded = field.object(kind.shape).read(rest, "", unknown);
  if (unknown.length > 0 && kind.lenient !== true) {
    const list = unknown.map((path) => `unknown field ${JSON.stringify(path)}`).join(", ");
    throw new ConfigError(`strict decoding error: ${list}`);
  }
  return decoded;
}

/** The defaults of a kind, as an empty file would give them. */
export function defaultConfiguration<S extends ConfigShape>(kind: ConfigurationKind<S>): ConfigOf<S> {
  return field.object(kind.shape).read({}, "", []);
}

/** Reads a YAML or JSON file. Errors name the file. */
export async function readConfiguration<S extends ConfigShape>(
  disk: Disk,
  path: string,
  kind: ConfigurationKind<S>,
): Promise<ConfigOf<S>> {
  try {
    return decodeConfiguration(parseYaml(await disk.readText(path)).value, kind);
  } catch (error) {
    throw new ConfigError(`failed to load ${kind.kind} from ${path}: ${messageOf(error)}`);
  }
}
