import type { discoveryV1, Endpoint, EndpointSlice } from "../../../api/index.ts";
import {
  duplicate,
  type FieldPath,
  fieldPath,
  invalid,
  isValidLabelValue,
  required,
  semanticEqual,
  tooMany,
  validateImmutableField,
  validateLabels,
  validateLegacyIp,
  warningsForIp,
  nameIsDnsSubdomain,
  validateFullyQualifiedDomainName,
} from "../../../apimachinery/index.ts";
import {
  addMessages,
  checkEach,
  checkLabel,
  checkObjectName,
  checkQualifiedName,
  checkRequiredOneOf,
  type Errors,
  checkOneOf,
} from "../common/check.ts";
import { checkEndpointIp } from "../common/endpoint-address.ts";
import { collect, countGeneration } from "../common/lifecycle.ts";
import { ageColumn, defineTable, firstThree, nameColumn, none, text } from "../common/table.ts";
import type { Strategy } from "../contract.ts";
import { protocols } from "../core/endpoints.ts";

type EndpointPort = discoveryV1.EndpointPort;

const endpointsMax = 1000;
const addressesMax = 100;
const portsMax = 20_000;
const topologyMax = 16;
const zonesMax = 8;
const endpointsPath = fieldPath("endpoints");
const portsPath = fieldPath("ports");

export const endpointSliceStrategy: Strategy<EndpointSlice> = {
  prepareForCreate(slice) {
    slice.metadata.generation = 1;
    dropTopology(slice, undefined);
  },
  prepareForUpdate(slice, old) {
    const content = ({ metadata: _metadata, ...rest }: EndpointSlice) => rest;
    const labels = semanticEqual(slice.metadata.labels, old.metadata.labels);
    countGeneration(slice, old, !labels || !semanticEqual(content(slice), content(old)));
    if (!semanticEqual(slice.endpoints, old.endpoints)) dropTopology(slice, old);
  },
  validate: (slice) => collect((errors) => check(slice, errors)),
  validateUpdate: (slice, old) =>
    collect((errors) => {
      check(slice, errors);
      validateImmutableField(slice.addressType, old.addressType, fieldPath("addressType"), errors);
    }),
  warningsOnCreate: (slice) => [...typeWarnings(slice), ...addressWarnings(slice)],
  warningsOnUpdate: addressWarnings,
  allowUnconditionalUpdate: true,
  table: defineTable([
    nameColumn,
    text("AddressType", "What its addresses are.", ({ addressType }) => addressType),
    text("Ports", "Its ports.", ({ ports }) =>
      listText((ports ?? []).map(({ port, name }) => (port !== undefined ? String(port) : (name ?? "*")))),
    ),
    text("Endpoints", "Its addresses.", ({ endpoints }) =>
      listText((endpoints ?? []).flatMap(({ addresses }) => addresses ?? [])),
    ),
    ageColumn,
  ]),
};

const hostnameLabel = "kubernetes.io/hostname";

/** Version 1 shows the field only; nodes that the slice named in it before are named in `nodeName`. */
function dropTopology({ endpoints }: EndpointSlice, old: EndpointSlice | undefined): void {
  const known = new Set((old?.endpoints ?? []).map(({ deprecatedTopology }) => deprecatedTopology?.[hostnameLabel]));
  for (const endpoint of endpoints ?? []) {
    const node = endpoint.deprecatedTopology?.[hostnameLabel];
    if (endpoint.nodeName === undefined && node !== undefined && known.has(node)) {
      if (nameIsDnsSubdomain(node, false).length === 0) endpoint.nodeName = node;
    }
    delete endpoint.deprecatedTopology;
  }
}

const controllers = ["endpointslice-controller.k8s.io", "endpointslicemirroring-controller.k8s.io"];

function typeWarnings({ addressType }: EndpointSlice): readonly string[] {
  // The path is upstream's.
  return addressType === "FQDN" ? ["spec.addressType: FQDN endpoints are deprecated"] : [];
}

function addressWarnings({ metadata, endpoints = [] }: EndpointSlice): readonly string[] {
  const manager = metadata.labels?.["endpointslice.kubernetes.io/managed-by"] ?? "";
  if (controllers.includes(manager)) return [];
  return endpoints.flatMap(({ addresses }, index) =>
    (addresses ?? []).flatMap((address, place) =>
      warningsForIp(address, endpointsPath.index(index).child("addresses").index(place)),
    ),
  );
}

function listText(list: readonly string[]): string {
  return list.length > 3 ? firstThree(list, list.length) : list.length === 0 ? "<unset>" : none(list.join(","));
}

function check({ addressType, endpoints = [], ports = [] }: EndpointSlice, errors: Errors): void {
  checkRequiredOneOf(addressType, ["FQDN", "IPv4", "IPv6"], fieldPath("addressType"), errors);
  if (endpoints.length > endpointsMax) errors.push(tooMany(endpointsPath, endpoints.length, endpointsMax));
  else {
    checkEach(endpoints, endpointsPath, errors, (endpoint, path) => checkEndpoint(endpoint, addressType, path, errors));
  }
  if (ports.length > portsMax) {
    errors.push(tooMany(portsPath, ports.length, portsMax));
    return;
  }
  const names = new Set<string>();
  checkEach(ports, portsPath, errors, (port, path) => checkPort(port, names, path, errors));
}

function checkEndpoint(endpoint: Endpoint, addressType: string, path: FieldPath, errors: Errors): void {
  const { addresses = [], nodeName, deprecatedTopology: topology = {}, hostname, hints } = endpoint;
  const addressesPath = path.child("addresses");
  if (addresses.length === 0) errors.push(required(addressesPath, "must contain at least 1 address"));
  else if (addresses.length > addressesMax) errors.push(tooMany(addressesPath, addresses.length, addressesMax));
  checkEach(addresses, addressesPath, errors, (address, at) =>
    checkAddress(address, addressType, addressesPath, at, errors),
  );
  if (nodeName !== undefined) checkObjectName(nodeName, path.child("nodeName"), errors);
  const topologyPath = path.child("deprecatedTopology");
  const size = Object.keys(topology).length;
  if (size > topologyMax) errors.push(tooMany(topologyPath, size, topologyMax));
  validateLabels(topology, topologyPath, errors);
  if (topology["kubernetes.io/hostname"] !== undefined) {
    const why = "may not be specified, use nodeName instead";
    errors.push(invalid(topologyPath.key("kubernetes.io/hostname"), topology["kubernetes.io/hostname"], why));
  }
  if (hostname !== undefined) checkLabel(hostname, path.child("hostname"), errors);
  if (hints !== undefined) checkHints(hints, path.child("hints"), errors);
}

/** That it is of the wrong family upstream says of the list. */
function checkAddress(
  address: string,
  addressType: string,
  addressesPath: FieldPath,
  path: FieldPath,
  errors: Errors,
): void {
  if (addressType === "FQDN") {
    validateFullyQualifiedDomainName(address, path, errors);
    return;
  }
  if (addressType !== "IPv4" && addressType !== "IPv6") return;
  const before = errors.length;
  validateLegacyIp(address, path, errors);
  if (errors.length > before) return;
  if (address.includes(":") !== (addressType === "IPv6")) {
    errors.push(invalid(addressesPath, address, `must be an ${addressType} address`));
  }
  checkEndpointIp(address, path, errors);
}

function checkHints(
  { forZones = [], forNodes = [] }: NonNullable<Endpoint["hints"]>,
  path: FieldPath,
  errors: Errors,
): void {
  const lists = { forZones, forNodes };
  for (const field of ["forZones", "forNodes"] as const) {
    const at = path.child(field);
    const list = lists[field];
    if (list.length > zonesMax) {
      errors.push(tooMany(at, list.length, zonesMax));
      continue;
    }
    const seen = new Set<string>();
    checkEach(list, at, errors, ({ name }, onePath) => {
      if (seen.has(name)) errors.push(duplicate(onePath.child("name"), name));
      seen.add(name);
      if (field === "forZones") addMessages(isValidLabelValue(name), name, onePath.child("name"), errors);
      else checkObjectName(name, onePath.child("name"), errors);
    });
  }
}

function checkPort(port: EndpointPort, names: Set<string>, path: FieldPath, errors: Errors): void {
  const { name = "", appProtocol } = port;
  if (name !== "") checkLabel(name, path.child("name"), errors);
  if (names.has(name)) errors.push(duplicate(path.child("name"), name));
  names.add(name);
  const protocolPath = path.child("protocol");
  if (port.protocol === undefined) errors.push(required(protocolPath));
  else checkOneOf(port.protocol, protocols, protocolPath, errors);
  if (appProtocol !== undefined) checkQualifiedName(appProtocol, path.child("appProtocol"), errors);
}
