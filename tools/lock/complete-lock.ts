export interface LockedPackage {
  readonly version?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly dev?: boolean;
  readonly [field: string]: unknown;
}

export interface Lock {
  readonly packages: Readonly<Record<string, LockedPackage>>;
  readonly [field: string]: unknown;
}

/** Optional packages that the lock names but does not hold, with the version and the package that names them. */
export function missingPackages(lock: Lock): readonly { name: string; version: string; dev: boolean }[] {
  const missing: { name: string; version: string; dev: boolean }[] = [];
  for (const [path, { optionalDependencies, dev }] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(optionalDependencies ?? {})) {
      const held = lock.packages[`node_modules/${name}`] ?? lock.packages[`${path}/node_modules/${name}`];
      if (held === undefined) missing.push({ name, version, dev: dev === true });
    }
  }
  return missing;
}

/**
 * Adds what npm leaves out where a registry has only some platforms' packages; `npm ci` refuses a lock without them.
 * They are pinned exactly by those that name them, and their names say which platform they are for.
 */
export function completeLock(lock: Lock): Lock {
  const packages: Record<string, LockedPackage> = { ...lock.packages };
  for (const { name, version, dev } of missingPackages(lock)) {
    packages[`node_modules/${name}`] = { version, ...platformOf(name), ...(dev ? { dev } : {}), optional: true };
  }
  return { ...lock, packages: Object.fromEntries(Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1))) };
}

function platformOf(name: string): { readonly os: string[]; readonly cpu: string[]; readonly libc?: string[] } {
  const word = (candidates: readonly string[]): string | undefined =>
    candidates.find((candidate) => new RegExp(`[-/]${candidate}(?:-|$)`).test(name));
  const os = word(["android", "darwin", "freebsd", "openharmony", "win32", "linux"]);
  const cpu = word(["arm64", "arm", "ia32", "ppc64", "riscv64", "s390x", "x64"]);
  if (os === undefined || cpu === undefined) throw new Error(`${name} does not say which platform it is for`);
  if (name.includes("musl")) return { os: [os], cpu: [cpu], libc: ["musl"] };
  return name.includes("gnu") ? { os: [os], cpu: [cpu], libc: ["glibc"] } : { os: [os], cpu: [cpu] };
}
