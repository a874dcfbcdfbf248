import { type Disk, type Processes, runChecked } from "../../base/index.ts";

export interface PackageSource {
  readonly processes: Processes;
  readonly disk: Disk;
  /** Downloaded `.deb` files are kept here, so that a second build needs no network. */
  readonly cacheDirectory: string;
}

interface Package {
  readonly name: string;
  readonly file: string;
  /** For each requirement the names that satisfy it, preferred first. */
  readonly requirements: readonly (readonly string[])[];
}

const PACKAGES_MAX = 500;

/** Finds packages and what they need, except `without`. Recommendations are not followed. */
export async function resolvePackages(
  source: PackageSource,
  names: readonly string[],
  without: readonly string[],
): Promise<readonly Package[]> {
  const found = new Map<string, Package>();
  const left = new Set(without);
  let wanted: readonly (readonly string[])[] = names.map((name) => [name]);
  while (wanted.length > 0) {
    const open = wanted.filter((choice) => !choice.some((name) => found.has(name) || left.has(name)));
    const shown = await showPackages(source, [...new Set(open.flat())]);
    const added = new Map<string, Package>();
    for (const choice of open) {
      const name = choice.find((candidate) => shown.has(candidate));
      const chosen = name === undefined ? undefined : shown.get(name);
      if (chosen === undefined) throw new Error(`no Debian package provides ${choice.join(" or ")}`);
      added.set(chosen.name, chosen);
    }
    for (const [name, item] of added) found.set(name, item);
    if (found.size > PACKAGES_MAX) throw new Error(`more than ${PACKAGES_MAX} packages are needed`);
    wanted = [...added.values()].flatMap((item) => item.requirements);
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function showPackages(source: PackageSource, names: readonly string[]): Promise<Map<string, Package>> {
  if (names.length === 0) return new Map();
  // Names that exist only as "Provides" of others make it fail; what it found is printed all the same.
  const { stdout } = await source.processes.run("apt-cache", ["show", "--no-all-versions", ...names]);
  const packages = stdout
    .split(/\n\n+/)
    .filter((text) => text.startsWith("Package: "))
    .map(parsePackage);
  return new Map(packages.map((item) => [item.name, item]));
}

export function parsePackage(text: string): Package {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(text)?.[1] ?? "";
  const version = field("Version").replaceAll(":", "%3a");
  const requirements = `${field("Pre-Depends")},${field("Depends")}`
    .split(",")
    .map((choice) =>
      choice
        .split("|")
        .map(packageName)
        .filter((name) => name !== ""),
    )
    .filter((choice) => choice.length > 0);
  return { name: field("Package"), file: `${field("Package")}_${version}_${field("Architecture")}.deb`, requirements };
}

/** `libc6:any (>= 2.34)` → `libc6` */
function packageName(requirement: string): string {
  return requirement.trim().replace(/[\s(:].*$/, "");
}

/** Downloads what the cache lacks and unpacks everything into the directory. */
export async function unpackPackages(
  source: PackageSource,
  packages: readonly Package[],
  directory: string,
): Promise<void> {
  const { cacheDirectory, disk, processes } = source;
  await disk.makeDirectory(cacheDirectory);
  const present = new Set(await disk.list(cacheDirectory));
  const missing = packages.filter((item) => !present.has(item.file)).map((item) => item.name);
  if (missing.length > 0) {
    const args = ["-o", "APT::Sandbox::User=root", "-q", "download", ...missing];
    await runChecked(processes, "apt-get", args, { cwd: cacheDirectory, timeoutMs: 300_000 });
  }
  for (const item of packages) {
    await runChecked(processes, "sh", ["-c", unpackScript, `${cacheDirectory}/${item.file}`, directory], {
      timeoutMs: 120_000,
    });
  }
}

/** `dpkg-deb -x` would put a directory in the place of a link such as /bin. */
const unpackScript = 'dpkg-deb --fsys-tarfile "$0" | tar -x --preserve-permissions --keep-directory-symlink -C "$1"';
