import type { Device, DeviceSubRequest, ExactDeviceRequest } from "./types.ts";

/** Defaults that depend on other fields, by type; they run after the plain ones of `facts.json`. */
export const defaults = {
  ExactDeviceRequest: fillCount,
  DeviceSubRequest: fillCount,
  Device: fillMappings,
} as const;

function fillCount(request: ExactDeviceRequest | DeviceSubRequest): void {
  if (request.allocationMode === "ExactCount") request.count ||= 1;
}

function fillMappings(device: Device): void {
  for (const mapping of Object.values(device.nodeAllocatableResourceMappings ?? {})) {
    mapping.allocationMultiplier ??= "1";
  }
}
