import type { DeviceClass } from "../../../api/index.ts";
import {
  fieldPath,
  invalid,
  nameIsDnsSubdomain,
  nameIsPathSegment,
  semanticEqual,
} from "../../../apimachinery/index.ts";
import type { Errors } from "../common/check.ts";
import { collect, countGeneration } from "../common/lifecycle.ts";
import { isExtendedResource } from "../common/resources.ts";
import { ageColumn, defineTable, nameColumn } from "../common/table.ts";
import type { Strategy } from "../contract.ts";
import { checkConfiguration, checkSelector, configurationsMax, selectorsMax } from "./configuration.ts";
import { checkBounded } from "./names.ts";

type Spec = DeviceClass["spec"];

const specPath = fieldPath("spec");

export const deviceClassStrategy: Strategy<DeviceClass> = {
  prepareForCreate({ metadata }) {
    metadata.generation = 1;
  },
  prepareForUpdate: (deviceClass, old) => countGeneration(deviceClass, old, !semanticEqual(deviceClass.spec, old.spec)),
  validateName: (name, prefix) => (prefix ? nameIsPathSegment(name, true) : nameIsDnsSubdomain(name, false)),
  validate: ({ spec }) => collect((errors) => checkSpec(spec, undefined, errors)),
  validateUpdate: ({ spec }, old) => collect((errors) => checkSpec(spec, old.spec, errors)),
  allowUnconditionalUpdate: true,
  table: defineTable([nameColumn, ageColumn]),
};

function checkSpec(spec: Spec, old: Spec | undefined, errors: Errors): void {
  const { selectors, config, extendedResourceName: name } = spec;
  checkBounded(selectors, selectorsMax, specPath.child("selectors"), errors, checkSelector);
  const stored = old !== undefined && semanticEqual(config, old.config);
  checkBounded(config, configurationsMax, specPath.child("config"), errors, (one, path) => {
    checkConfiguration(one, path, errors, stored);
  });
  if (name === undefined || isExtendedResource(name)) return;
  errors.push(invalid(specPath.child("extendedResourceName"), name, "must be a valid extended resource name"));
}
