import type {
  CustomResourceDefinitionVersion,
  CustomResourceSubresourceScale,
  JSONSchemaProps,
} from "../../api/index.ts";
import { type FieldError, invalid, type KubeObject } from "../../apimachinery/index.ts";
import type { Before, RuleChecker } from "./rules.ts";
import { checkScaleSpec, checkScaleStatus } from "./scale-values.ts";
import { Correlation } from "./schema/correlation.ts";
import { checkEmbedded } from "./schema/embedded.ts";
import { checkListTypes } from "./schema/list-types.ts";
import { type Structural, structuralOf } from "./schema/structural.ts";
import { validateValue } from "./schema/validate-value.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Errors after which rules are not run: they assume values of the right shape and of bounded size. */
const blocking: ReadonlySet<FieldError["type"]> = new Set([
  "FieldValueNotSupported",
  "FieldValueRequired",
  "FieldValueTooLong",
  "FieldValueTooMany",
  "FieldValueTypeInvalid",
]);

/** Checks the objects of one version: its schema, embedded objects, sets and list maps, then its rules. */
export class ObjectValidation {
  readonly #schema: JSONSchemaProps | undefined;
  readonly #structural: Structural | undefined;
  readonly #rules: RuleChecker | undefined;
  readonly #scale: CustomResourceSubresourceScale | undefined;

  constructor(version: CustomResourceDefinitionVersion, rules: RuleChecker | undefined) {
    this.#schema = version.schema?.openAPIV3Schema;
    this.#structural = this.#schema === undefined ? undefined : structuralOf(this.#schema);
    this.#rules = rules;
    this.#scale = version.subresources?.scale;
  }

  create(object: KubeObject): readonly FieldError[] {
    const fields = object as unknown as Fields;
    const errors = this.#schema === undefined ? [] : validateValue(fields, this.#schema);
    errors.push(...checkScaleSpec(fields, this.#scale), ...checkScaleStatus(fields, this.#scale));
    if (this.#structural !== undefined)
      errors.push(...checkEmbedded(fields, this.#structural), ...checkListTypes(fields, this.#structural));
    return this.#withRules(errors, object, undefined);
  }

  /** `warn` takes what rules find wrong in what has not changed. */
  update(object: KubeObject, old: KubeObject, warn: (text: string) => void): readonly FieldError[] {
    const fields = object as unknown as Fields;
    const before = this.#before(object, old, warn);
    const { correlation } = before ?? {};
    const errors = this.#schema === undefined ? [] : validateValue(fields, this.#schema, { correlation });
    errors.push(...checkScaleSpec(fields, this.#scale), ...checkScaleStatus(fields, this.#scale));
    if (this.#structural !== undefined)
      errors.push(...checkEmbedded(fields, this.#structural), ...newDuplicates(object, old, this.#structural));
    return this.#withRules(errors, object, before);
  }

  /** Of a write to the status only the status is checked against the schema; rules see the whole object. */
  status(object: KubeObject, old: KubeObject, warn: (text: string) => void): readonly FieldError[] {
    const fields = object as unknown as Fields;
    const before = this.#before(object, old, warn);
    const schema = this.#schema?.properties?.["status"];
    const correlation = before?.correlation.field("status");
    const errors =
      schema === undefined || !Object.hasOwn(fields, "status")
        ? []
        : validateValue(fields["status"], schema, { prefix: "status", correlation });
    errors.push(...checkScaleStatus(fields, this.#scale));
    if (this.#structural !== undefined) errors.push(...newDuplicates(object, old, this.#structural));
    return this.#withRules(errors, object, before);
  }

  #before(object: KubeObject, old: KubeObject, warn: (text: string) => void): Before | undefined {
    const structural = this.#structural;
    return structural && { old, correlation: new Correlation(object, old, structural), warn };
  }

  #withRules(errors: FieldError[], object: KubeObject, before: Before | undefined): readonly FieldError[] {
    if (this.#rules === undefined) return errors;
    // A name that is missing is told with the metadata.
    const isNamed = (object.metadata.name ?? "") !== "";
    if (isNamed && !errors.some(({ type }) => blocking.has(type))) {
      errors.push(...this.#rules.check(object, before));
      return errors;
    }
    const why =
      "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";
    errors.push(invalid("<nil>", null, why));
    return errors;
  }
}

/** Duplicates stand in the way only of objects that had none. */
function newDuplicates(object: KubeObject, old: KubeObject, structural: Structural): readonly FieldError[] {
  const errors = checkListTypes(object as unknown as Fields, structural);
  return errors.length > 0 && checkListTypes(old as unknown as Fields, structural).length > 0 ? [] : errors;
}
