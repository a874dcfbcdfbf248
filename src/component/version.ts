/** The Kubernetes release whose behaviour this is, as upstream's binaries tell theirs. */
export const release = {
  major: "1",
  minor: "36",
  binaryVersion: "1.36.0",
  emulationVersion: "1.36",
  minCompatibilityVersion: "1.35",
  gitVersion: "v1.36.0+k8ts0.1.0",
} as const;
