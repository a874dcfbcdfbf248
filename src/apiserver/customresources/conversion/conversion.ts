import type { CustomResourceDefinition } from "../../../api/index.ts";
import type { KindCodec, KubeObject } from "../../../apimachinery/index.ts";
import type { ResourceDescriptor } from "../../registry/contract.ts";
import type { VersionConverter } from "../descriptors.ts";

type Codecs = ReadonlyMap<string, KindCodec<KubeObject>>;

/** How the versions of one custom resource turn into each other: by a webhook, or else by the version's name alone. */
export class Conversion {
  readonly #group: string;
  readonly #converter: VersionConverter | undefined;
  readonly #codecs: Codecs;
  readonly #stored: string;

  constructor(
    { spec }: CustomResourceDefinition,
    converter: VersionConverter | undefined,
    codecs: Codecs,
    stored: string,
  ) {
    this.#group = spec.group;
    this.#converter = converter;
    this.#codecs = codecs;
    this.#stored = stored;
  }

  /** Between a served version and those that objects are stored in. */
  of(served: string): NonNullable<ResourceDescriptor["convert"]> {
    const [toServed, toStored] = [this.#to(served), this.#to(this.#stored, true)];
    return {
      toStorage: (object) => {
        const converted = toStored([object]);
        return converted instanceof Promise ? converted.then(([first = object]) => first) : (converted[0] ?? object);
      },
      fromStorage: toServed,
    };
  }

  /** Results are pruned by the schema of their version; what is stored has that version's defaults, too. */
  #to(
    version: string,
    stored = false,
  ): (objects: readonly KubeObject[]) => readonly KubeObject[] | Promise<readonly KubeObject[]> {
    const apiVersion = `${this.#group}/${version}`;
    const codec = this.#codecs.get(version);
    const pruned = (object: KubeObject): KubeObject => {
      const own = codec?.normalize(object) ?? object;
      if (stored) codec?.applyDefaults(own);
      return own;
    };
    const converter = this.#converter;
    if (converter === undefined) return (objects) => objects.map((object) => pruned({ ...object, apiVersion }));
    return async (objects) => {
      const converted = await converter.convert(objects, apiVersion);
      return converted.map(pruned);
    };
  }
}
