import type { coreV1, Endpoints } from "../../../api/index.ts";
import {
  type FieldPath,
  fieldPath,
  isValidPortNumber,
  required,
  semanticEqual,
  validateLegacyIp,
  warningsForIp,
} from "../../../apimachinery/index.ts";
import {
  addMessages,
  checkEach,
  checkLabel,
  checkObjectName,
  checkQualifiedName,
  checkRequiredOneOf,
  type Errors,
} from "../common/check.ts";
import { checkEndpointIp } from "../common/endpoint-address.ts";
import { collect } from "../common/lifecycle.ts";
import { ageColumn, defineTable, firstThree, nameColumn, text } from "../common/table.ts";
import type { Strategy } from "../contract.ts";

type EndpointAddress = coreV1.EndpointAddress;
type EndpointPort = coreV1.EndpointPort;
type EndpointSubset = coreV1.EndpointSubset;

const subsetsPath = fieldPath("subsets");
export const protocols = ["SCTP", "TCP", "UDP"];

export const endpointsStrategy: Strategy<Endpoints> = {
  validate: ({ subsets }) => collect((errors) => checkEach(subsets, subsetsPath, errors, checkSubset)),
  validateUpdate: ({ subsets }, old) =>
    semanticEqual(subsets, old.subsets)
      ? []
      : collect((errors) => checkEach(subsets, subsetsPath, errors, checkSubset)),
  warningsOnCreate: warnings,
  warningsOnUpdate: warnings,
  allowCreateOnUpdate: true,
  allowUnconditionalUpdate: true,
  table: defineTable([
    nameColumn,
    text("Endpoints", "The addresses that are ready, with their ports.", ({ subsets }) => endpointsText(subsets ?? [])),
    ageColumn,
  ]),
};

function warnings({ subsets = [] }: Endpoints): readonly string[] {
  return subsets.flatMap(({ addresses = [], notReadyAddresses = [] }, index) => {
    const path = subsetsPath.index(index);
    return [
      ...addresses.flatMap(({ ip }, at) => warningsForIp(ip, path.child("addresses").index(at).child("ip"))),
      ...notReadyAddresses.flatMap(({ ip }, at) =>
        warningsForIp(ip, path.child("notReadyAddresses").index(at).child("ip")),
      ),
    ];
  });
}

function checkSubset(subset: EndpointSubset, path: FieldPath, errors: Errors): void {
  const { addresses = [], notReadyAddresses = [], ports = [] } = subset;
  if (addresses.length + notReadyAddresses.length === 0) {
    errors.push(required(path, "must specify `addresses` or `notReadyAddresses`"));
  }
  checkEach(addresses, path.child("addresses"), errors, checkAddress);
  checkEach(notReadyAddresses, path.child("notReadyAddresses"), errors, checkAddress);
  checkEach(ports, path.child("ports"), errors, (port, at) => checkPort(port, ports.length > 1, at, errors));
}

function checkAddress({ ip, hostname = "", nodeName }: EndpointAddress, path: FieldPath, errors: Errors): void {
  validateLegacyIp(ip, path.child("ip"), errors);
  if (hostname !== "") checkLabel(hostname, path.child("hostname"), errors);
  if (nodeName !== undefined) checkObjectName(nodeName, path.child("nodeName"), errors);
  checkEndpointIp(ip, path.child("ip"), errors);
}

function checkPort(port: EndpointPort, nameRequired: boolean, path: FieldPath, errors: Errors): void {
  const { name = "", appProtocol } = port;
  if (name !== "") checkLabel(name, path.child("name"), errors);
  else if (nameRequired) errors.push(required(path.child("name")));
  addMessages(isValidPortNumber(port.port), port.port, path.child("port"), errors);
  checkRequiredOneOf(port.protocol, protocols, path.child("protocol"), errors);
  if (appProtocol !== undefined) checkQualifiedName(appProtocol, path.child("appProtocol"), errors);
}

function endpointsText(subsets: readonly EndpointSubset[]): string {
  const shown: string[] = [];
  let count = 0;
  for (const { addresses = [], ports = [] } of subsets) {
    for (const port of ports.length === 0 ? [undefined] : ports) {
      count += addresses.length;
      for (const { ip } of addresses) {
        if (shown.length === 3) break;
        const host = ip.includes(":") ? `[${ip}]` : ip;
        shown.push(port === undefined ? ip : `${host}:${port.port}`);
      }
    }
  }
  return subsets.length === 0 ? "<none>" : count > 3 ? firstThree(shown, count) : shown.join(",");
}
