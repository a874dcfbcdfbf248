import { CelEnvironment, type CelProgram } from "./environment.ts";
import { kubernetesLibraries } from "./standard.ts";
import { boolType, type CelType, type ObjectField, opaque, typeText } from "./types.ts";

/** Upstream: `CELSelectorExpressionMaxCost`, of one evaluation. */
export const deviceSelectorCostMax = 1_000_000;
const domainLengthMax = 63;
const identifierLengthMax = 32;
const driverLengthMax = 63;
const valueLengthMax = 64;
const attributesMax = 32;

const domainType: CelType = { kind: "string", maxElements: domainLengthMax };
const identifierType: CelType = { kind: "string", maxElements: identifierLengthMax };
const valueType: CelType = { kind: "dyn", maxElements: valueLengthMax };

function byDomain(value: CelType): CelType {
  const inner: CelType = { kind: "map", key: identifierType, value, maxElements: attributesMax };
  return { kind: "map", key: domainType, value: inner, maxElements: attributesMax };
}

function fields(types: Readonly<Record<string, CelType>>): ReadonlyMap<string, ObjectField> {
  return new Map(Object.entries(types).map(([name, type]) => [name, { name, type }]));
}

/** What a selector of devices sees, with the sizes that ResourceSlices allow. */
const deviceType: CelType = {
  kind: "object",
  name: "kubernetes.DRADevice",
  fields: fields({
    driver: { kind: "string", maxElements: driverLengthMax },
    attributes: byDomain(valueType),
    capacity: byDomain(opaque("kubernetes.Quantity")),
    allowMultipleAllocations: boolType,
  }),
};

/** Attributes are long to write, so these alone may name them: `cel.bind(a, device.attributes["example.com"], a.size > 1)`. */
const environment = new CelEnvironment({ libraries: kubernetesLibraries, bindings: true });

const variables: ReadonlyMap<string, CelType> = new Map([["device", deviceType]]);

export type DeviceSelector =
  | { readonly type: "program"; readonly program: CelProgram }
  /** In upstream's words, with the place in the expression. */
  | { readonly type: "error"; readonly message: string };

/** Compiles the expression of a `cel` device selector; it says yes or no of one `device`. */
export function compileDeviceSelector(expression: string): DeviceSelector {
  const compiled = environment.compile(expression, { variables, costLimit: deviceSelectorCostMax });
  if (compiled.type === "error") return { type: "error", message: `${compiled.stage} failed: ${compiled.message}` };
  const { resultType } = compiled.program;
  if (resultType.kind === "bool" || resultType.kind === "dyn") return compiled;
  return { type: "error", message: `must evaluate to bool or the unknown type, not ${typeText(resultType)}` };
}
