/** Labels and annotations by which upstream's kubelet marks, and finds again, what it made in the runtime. */
export const labels = {
  podName: "io.kubernetes.pod.name",
  podNamespace: "io.kubernetes.pod.namespace",
  podUid: "io.kubernetes.pod.uid",
  containerName: "io.kubernetes.container.name",
} as const;

export const annotations = {
  hash: "io.kubernetes.container.hash",
  restartCount: "io.kubernetes.container.restartCount",
  terminationMessagePath: "io.kubernetes.container.terminationMessagePath",
  terminationMessagePolicy: "io.kubernetes.container.terminationMessagePolicy",
  podTerminationGracePeriod: "io.kubernetes.pod.terminationGracePeriod",
  podDeletionGracePeriod: "io.kubernetes.pod.deletionGracePeriod",
  preStopHandler: "io.kubernetes.container.preStopHandler",
  ports: "io.kubernetes.container.ports",
} as const;

/** Set by the kubelet on the pods it takes in, as upstream does. */
export const podAnnotations = {
  configSource: "kubernetes.io/config.source",
  configSeen: "kubernetes.io/config.seen",
  configHash: "kubernetes.io/config.hash",
  configMirror: "kubernetes.io/config.mirror",
} as const;
