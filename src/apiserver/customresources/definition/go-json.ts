import type {
  CustomResourceDefinitionVersion,
  JSONSchemaProps,
  JSONSchemaPropsOrBool,
  ValidationRule,
} from "../../../api/index.ts";

/**
 * How upstream's messages show parts of a definition: its internal types have no JSON names, so that fields appear as
 * Go spells them, also those that are not set.
 */
export function shownRule(rule: ValidationRule): unknown {
  return {
    Rule: rule.rule,
    Message: rule.message ?? "",
    MessageExpression: rule.messageExpression ?? "",
    Reason: rule.reason ?? null,
    FieldPath: rule.fieldPath ?? "",
    OptionalOldSelf: rule.optionalOldSelf ?? null,
  };
}

export function shownVersion(version: CustomResourceDefinitionVersion): unknown {
  const { name, served, storage, deprecated, deprecationWarning, schema, subresources } = version;
  const own = schema?.openAPIV3Schema;
  const { status, scale } = subresources ?? {};
  return {
    Name: name,
    Served: served,
    Storage: storage,
    Deprecated: deprecated ?? false,
    DeprecationWarning: deprecationWarning ?? null,
    Schema: schema === undefined ? null : { OpenAPIV3Schema: own === undefined ? null : shownSchema(own) },
    Subresources:
      subresources === undefined
        ? null
        : {
            Status: status === undefined ? null : {},
            Scale:
              scale === undefined
                ? null
                : {
                    SpecReplicasPath: scale.specReplicasPath,
                    StatusReplicasPath: scale.statusReplicasPath,
                    LabelSelectorPath: scale.labelSelectorPath ?? null,
                  },
          },
    AdditionalPrinterColumns:
      version.additionalPrinterColumns?.map((column) => ({
        Name: column.name,
        Type: column.type,
        Format: column.format ?? "",
        Description: column.description ?? "",
        Priority: column.priority ?? 0,
        JSONPath: column.jsonPath,
      })) ?? null,
    SelectableFields: version.selectableFields?.map(({ jsonPath }) => ({ JSONPath: jsonPath })) ?? null,
  };
}

export function shownSchema(schema: JSONSchemaProps): unknown {
  const { items } = schema;
  return {
    ID: schema.id ?? "",
    Schema: schema.$schema ?? "",
    Ref: schema.$ref ?? null,
    Description: schema.description ?? "",
    Type: schema.type ?? "",
    Nullable: schema.nullable ?? false,
    Format: schema.format ?? "",
    Title: schema.title ?? "",
    Default: schema.default ?? null,
    Maximum: schema.maximum ?? null,
    ExclusiveMaximum: schema.exclusiveMaximum ?? false,
    Minimum: schema.minimum ?? null,
    ExclusiveMinimum: schema.exclusiveMinimum ?? false,
    MaxLength: schema.maxLength ?? null,
    MinLength: schema.minLength ?? null,
    Pattern: schema.pattern ?? "",
    MaxItems: schema.maxItems ?? null,
    MinItems: schema.minItems ?? null,
    UniqueItems: schema.uniqueItems ?? false,
    MultipleOf: schema.multipleOf ?? null,
    Enum: schema.enum ?? null,
    MaxProperties: schema.maxProperties ?? null,
    MinProperties: schema.minProperties ?? null,
    Required: schema.required ?? null,
    Items:
      items === undefined
        ? null
        : {
            Schema: Array.isArray(items) ? null : shownSchema(items),
            JSONSchemas: Array.isArray(items) ? items.map(shownSchema) : null,
          },
    AllOf: schema.allOf?.map(shownSchema) ?? null,
    OneOf: schema.oneOf?.map(shownSchema) ?? null,
    AnyOf: schema.anyOf?.map(shownSchema) ?? null,
    Not: schema.not === undefined ? null : shownSchema(schema.not),
    Properties: shownMap(schema.properties),
    AdditionalProperties: shownOrBool(schema.additionalProperties),
    PatternProperties: shownMap(schema.patternProperties),
    Dependencies: shownDependencies(schema.dependencies),
    AdditionalItems: shownOrBool(schema.additionalItems),
    Definitions: shownMap(schema.definitions),
    ExternalDocs: shownDocs(schema.externalDocs),
    Example: schema.example ?? null,
    XPreserveUnknownFields: schema["x-kubernetes-preserve-unknown-fields"] ?? null,
    XEmbeddedResource: schema["x-kubernetes-embedded-resource"] ?? false,
    XIntOrString: schema["x-kubernetes-int-or-string"] ?? false,
    XListMapKeys: schema["x-kubernetes-list-map-keys"] ?? null,
    XListType: schema["x-kubernetes-list-type"] ?? null,
    XMapType: schema["x-kubernetes-map-type"] ?? null,
    XValidations: schema["x-kubernetes-validations"]?.map(shownRule) ?? null,
  };
}

function shownMap(schemas: Readonly<Record<string, JSONSchemaProps>> | undefined): unknown {
  if (schemas === undefined) return null;
  const sorted = Object.entries(schemas).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([name, schema]) => [name, shownSchema(schema)]));
}

function shownDependencies(dependencies: JSONSchemaProps["dependencies"]): unknown {
  if (dependencies === undefined) return null;
  const sorted = Object.entries(dependencies).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    sorted.map(([name, value]) => [
      name,
      Array.isArray(value) || value === null
        ? { Schema: null, Property: value }
        : { Schema: shownSchema(value), Property: null },
    ]),
  );
}

function shownDocs(docs: JSONSchemaProps["externalDocs"]): unknown {
  return docs === undefined ? null : { Description: docs.description ?? "", URL: docs.url ?? "" };
}

function shownOrBool(value: JSONSchemaPropsOrBool | undefined): unknown {
  if (value === undefined) return null;
  return typeof value === "boolean" ? { Allows: value, Schema: null } : { Allows: true, Schema: shownSchema(value) };
}
