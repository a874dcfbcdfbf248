import { define, type Library, sizeOfFirst, traverseFirst } from "../functions.ts";
import { stringType } from "../types.ts";

/** For paths of JSON patches. */
export const jsonPatchLibrary: Library = {
  overloads: [
    define(
      "jsonpatch.escapeKey",
      [stringType],
      stringType,
      (key: string) => key.replaceAll("~", "~0").replaceAll("/", "~1"),
      { cost: traverseFirst, resultSize: sizeOfFirst },
    ),
  ],
};
