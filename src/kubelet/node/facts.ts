/** What the node is and how it is set up, as far as pods depend on it. */
export interface NodeFacts {
  readonly nodeName: string;
  readonly hostname: string;
  readonly hostIps: readonly string[];
  readonly clusterDomain: string;
  readonly clusterDns: readonly string[];
  /** The file that pods with `dnsPolicy: Default` get their resolvers from. */
  readonly resolvConf: string;
  readonly cgroupVersion: 1 | 2;
  readonly cgroupRoot: string;
  /** Bytes. */
  readonly memoryCapacity: number;
  readonly allocatable: Readonly<Record<string, string>>;
  readonly cpuCfsQuota: boolean;
  readonly seccompDefault: boolean;
  readonly runtimeName: string;
}
