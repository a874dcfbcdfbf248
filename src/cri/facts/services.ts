/** The calls of each CRI v1 service: method → [name on the wire, request, response]. */
export const runtimeServiceMethods = {
  version: ["Version", "VersionRequest", "VersionResponse"],
  runPodSandbox: ["RunPodSandbox", "RunPodSandboxRequest", "RunPodSandboxResponse"],
  stopPodSandbox: ["StopPodSandbox", "StopPodSandboxRequest", "StopPodSandboxResponse"],
  removePodSandbox: ["RemovePodSandbox", "RemovePodSandboxRequest", "RemovePodSandboxResponse"],
  podSandboxStatus: ["PodSandboxStatus", "PodSandboxStatusRequest", "PodSandboxStatusResponse"],
  listPodSandbox: ["ListPodSandbox", "ListPodSandboxRequest", "ListPodSandboxResponse"],
  createContainer: ["CreateContainer", "CreateContainerRequest", "CreateContainerResponse"],
  startContainer: ["StartContainer", "StartContainerRequest", "StartContainerResponse"],
  stopContainer: ["StopContainer", "StopContainerRequest", "StopContainerResponse"],
  removeContainer: ["RemoveContainer", "RemoveContainerRequest", "RemoveContainerResponse"],
  listContainers: ["ListContainers", "ListContainersRequest", "ListContainersResponse"],
  containerStatus: ["ContainerStatus", "ContainerStatusRequest", "ContainerStatusResponse"],
  updateContainerResources: [
    "UpdateContainerResources",
    "UpdateContainerResourcesRequest",
    "UpdateContainerResourcesResponse",
  ],
  reopenContainerLog: ["ReopenContainerLog", "ReopenContainerLogRequest", "ReopenContainerLogResponse"],
  execSync: ["ExecSync", "ExecSyncRequest", "ExecSyncResponse"],
  exec: ["Exec", "ExecRequest", "ExecResponse"],
  attach: ["Attach", "AttachRequest", "AttachResponse"],
  portForward: ["PortForward", "PortForwardRequest", "PortForwardResponse"],
  containerStats: ["ContainerStats", "ContainerStatsRequest", "ContainerStatsResponse"],
  listContainerStats: ["ListContainerStats", "ListContainerStatsRequest", "ListContainerStatsResponse"],
  podSandboxStats: ["PodSandboxStats", "PodSandboxStatsRequest", "PodSandboxStatsResponse"],
  listPodSandboxStats: ["ListPodSandboxStats", "ListPodSandboxStatsRequest", "ListPodSandboxStatsResponse"],
  updateRuntimeConfig: ["UpdateRuntimeConfig", "UpdateRuntimeConfigRequest", "UpdateRuntimeConfigResponse"],
  status: ["Status", "StatusRequest", "StatusResponse"],
  runtimeConfig: ["RuntimeConfig", "RuntimeConfigRequest", "RuntimeConfigResponse"],
  updatePodSandboxResources: [
    "UpdatePodSandboxResources",
    "UpdatePodSandboxResourcesRequest",
    "UpdatePodSandboxResourcesResponse",
  ],
} as const;

export const imageServiceMethods = {
  listImages: ["ListImages", "ListImagesRequest", "ListImagesResponse"],
  imageStatus: ["ImageStatus", "ImageStatusRequest", "ImageStatusResponse"],
  pullImage: ["PullImage", "PullImageRequest", "PullImageResponse"],
  removeImage: ["RemoveImage", "RemoveImageRequest", "RemoveImageResponse"],
  imageFsInfo: ["ImageFsInfo", "ImageFsInfoRequest", "ImageFsInfoResponse"],
} as const;

export const containerEventsMethod = ["GetContainerEvents", "GetEventsRequest", "ContainerEventResponse"] as const;
