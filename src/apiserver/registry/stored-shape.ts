import { asBuffer, type EntryShape, entryShape } from "../cacher/shape.ts";
import type { ResourceDescriptor } from "./contract.ts";
import { normalizer } from "./normalize.ts";

/** The shape of what is stored of a resource. Values in a version that is unknown by now are read as the newest. */
export function storedShape(descriptor: ResourceDescriptor): EntryShape {
  const { storageVersion, storedIn } = descriptor;
  const newest = entryShape(storageVersion, normalizer(descriptor));
  if (storedIn === undefined) return newest;
  const others = storedIn.map(({ gvk, codec }) =>
    entryShape(gvk, normalizer({ storageCodec: codec, storageVersion: gvk })),
  );
  const find = (value: Buffer): EntryShape => {
    if (others.length === 0 || startsLike(value, newest)) return shape;
    const known = others.find((other) => startsLike(value, other));
    if (known !== undefined) return known;
    const { apiVersion } = JSON.parse(value.toString()) as { apiVersion?: unknown };
    const version = String(apiVersion).replace(/^.*\//, "");
    return others.find(({ gvk }) => gvk.version === version) ?? shape;
  };
  const shape: EntryShape = {
    ...newest,
    ...(others.length === 0 ? {} : { shapeOf: find }),
    refresh: (value) => find(asBuffer(value)).normalize(value),
  };
  return shape;
}

function startsLike(value: Buffer, { storedPrefix: start }: EntryShape): boolean {
  return value.length >= start.length && value.compare(start, 0, start.length, 0, start.length) === 0;
}
