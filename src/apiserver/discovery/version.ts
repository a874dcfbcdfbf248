export interface VersionInfo {
  readonly major: string;
  readonly minor: string;
  readonly gitVersion: string;
}

/** The Kubernetes release whose API this server speaks. */
export const apiVersionInfo: VersionInfo = { major: "1", minor: "36", gitVersion: "v1.36.0+k8ts0.1.0" };

/** The body of `/version`, with the field order of upstream's `version.Info`. */
export function versionBody(platform: { readonly nodeVersion: string; readonly architecture: string }): unknown {
  const { major, minor, gitVersion } = apiVersionInfo;
  return {
    major,
    minor,
    emulationMajor: major,
    emulationMinor: minor,
    minCompatibilityMajor: major,
    minCompatibilityMinor: String(Number(minor) - 1),
    gitVersion,
    gitCommit: "",
    gitTreeState: "clean",
    buildDate: "1970-01-01T00:00:00Z",
    goVersion: `node${platform.nodeVersion}`,
    compiler: "typescript",
    platform: `linux/${platform.architecture === "x64" ? "amd64" : platform.architecture}`,
  };
}
