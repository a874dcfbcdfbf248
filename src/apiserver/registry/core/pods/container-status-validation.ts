import type { Container, ContainerStatus, coreV1, Pod } from "../../../../api/index.ts";
import {
  duplicate,
  type FieldPath,
  fieldPath,
  forbidden,
  invalid,
  isValidGroupId,
  isValidUserId,
  notSupported,
  required,
} from "../../../../apimachinery/index.ts";
import { addMessages, checkEach, checkLabel, checkObjectName, checkUnique, type Errors } from "../../common/check.ts";

const path = fieldPath("status");
const lists = ["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"] as const;
const healths = ["Healthy", "Unhealthy", "Unknown"];

/** Users, and the health of what containers were given. */
export function checkContainerStatuses({ spec, status = {} }: Pod, errors: Errors): void {
  for (const field of lists) {
    checkEach(status[field], path.child(field), errors, ({ user }, at) => {
      if (user?.linux === undefined) return;
      const linuxPath = at.child("user").child("linux");
      if (spec.os?.name === "windows") errors.push(forbidden(linuxPath, "cannot be set for a windows pod"));
      else checkLinuxUser(user.linux, linuxPath, errors);
    });
  }
  checkAllocated(status.containerStatuses, spec.containers, path.child("containerStatuses"), errors);
  checkAllocated(status.initContainerStatuses, spec.initContainers ?? [], path.child("initContainerStatuses"), errors);
  checkEach(status.ephemeralContainerStatuses, path.child("ephemeralContainerStatuses"), errors, (one, at) => {
    if ((one.allocatedResourcesStatus ?? []).length === 0) return;
    errors.push(forbidden(at.child("allocatedResourcesStatus"), "must not be specified in container status"));
  });
}

function checkLinuxUser(
  { uid, gid, supplementalGroups }: coreV1.LinuxContainerUser,
  at: FieldPath,
  errors: Errors,
): void {
  addMessages(isValidUserId(uid), uid, at.child("uid"), errors);
  addMessages(isValidGroupId(gid), gid, at.child("gid"), errors);
  checkEach(supplementalGroups, at.child("supplementalGroups"), errors, (group, groupPath) => {
    addMessages(isValidGroupId(group), group, groupPath, errors);
  });
}

function checkAllocated(
  statuses: readonly ContainerStatus[] | undefined,
  containers: readonly Container[],
  at: FieldPath,
  errors: Errors,
): void {
  checkEach(statuses, at, errors, ({ name, allocatedResourcesStatus }, statusPath) => {
    const container = containers.find((one) => one.name === name);
    checkEach(allocatedResourcesStatus, statusPath.child("allocatedResourcesStatus"), errors, (allocated, onePath) => {
      if (container !== undefined) checkAllocatedName(allocated.name, container, onePath.child("name"), errors);
      const identifiers = new Set<string>();
      checkEach(allocated.resources, onePath.child("resources"), errors, ({ health = "", resourceID }, healthPath) => {
        if (!healths.includes(health)) errors.push(notSupported(healthPath.child("health"), health, healths));
        checkUnique(identifiers, resourceID, healthPath.child("resourceID"), errors);
      });
    });
  });
}

function checkAllocatedName(name: string, { resources }: Container, at: FieldPath, errors: Errors): void {
  if (!name.startsWith("claim:")) {
    if (resources?.requests?.[name] !== undefined) return;
    errors.push(invalid(at, name, "must match one of the container's resource requests"));
    return;
  }
  const claims = (resources?.claims ?? []).map((claim) => {
    const request = claim.request ?? "";
    return `claim:${claim.name}${request === "" ? "" : `/${request}`}`;
  });
  if (claims.includes(name)) return;
  const why =
    "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty";
  errors.push(invalid(at, name, why));
}

/** The claim that the scheduler makes for extended resources of devices. */
export function checkExtendedClaim({ spec, status }: Pod, errors: Errors): void {
  const claim = status?.extendedResourceClaimStatus;
  if (claim === undefined) return;
  const at = path.child("extendedResourceClaimStatus");
  const { requestMappings = [], resourceClaimName } = claim;
  const mappingsPath = at.child("requestMappings");
  if (requestMappings.length === 0) errors.push(required(mappingsPath, "at least one request mapping is required"));
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  const seen = new Set<string>();
  checkEach(requestMappings, mappingsPath, errors, ({ containerName, resourceName, requestName }, onePath) => {
    const container = containers.find(({ name }) => name === containerName);
    const [ofContainer, ofResource] = [onePath.child("containerName"), onePath.child("resourceName")];
    if (container === undefined) {
      const why = "must match the name of an entry in spec.initContainers.name or spec.containers.name";
      errors.push(invalid(ofContainer, containerName, why));
    } else if (container.resources?.requests?.[resourceName] === undefined) {
      const why =
        "must match the extended resource name of an entry in spec.initContainers.resources.requests or spec.containers.resources.requests";
      errors.push(invalid(ofResource, resourceName, why));
    }
    checkLabel(requestName, at.child("requestName"), errors);
    const key = JSON.stringify([containerName, resourceName, requestName]);
    if (seen.has(key)) {
      errors.push(duplicate(ofContainer, containerName), duplicate(ofResource, resourceName));
      errors.push(duplicate(onePath.child("requestName"), requestName));
    }
    seen.add(key);
  });
  const namePath = at.child("resourceClaimName");
  if (resourceClaimName === "") errors.push(required(namePath));
  else checkObjectName(resourceClaimName, namePath, errors);
}
