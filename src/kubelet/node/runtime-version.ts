import type { Response } from "../../cri/index.ts";

const semantic = /^\s*v?\d+\.\d+\.\d+(-[\dA-Za-z-]+(\.[\dA-Za-z-]+)*)?(\+[\dA-Za-z-]+(\.[\dA-Za-z-]+)*)?\s*$/;
const leadingNumbers = /^\s*v?(\d+(?:\.\d+)+)/;

/**
 * The runtime as `status.nodeInfo.containerRuntimeVersion` names it. Of versions that are not semantic, as
 * distributions' packages have them, only the numbers: clients parse this.
 */
export function runtimeVersionText({ runtimeName, runtimeVersion }: Response<"VersionResponse">): string {
  const version = semantic.test(runtimeVersion)
    ? runtimeVersion.trim().replace(/^v/, "")
    : (leadingNumbers.exec(runtimeVersion)?.[1] ?? runtimeVersion);
  return `${runtimeName}://${version}`;
}
