import type { ConfigMap } from "../../../api/index.ts";
import { byteLength, fieldPath, invalid, isConfigMapKey, tooLong } from "../../../apimachinery/index.ts";
import { addMessages, type Errors } from "../common/check.ts";
import { base64Length, checkImmutable, dataSizeMax } from "../common/immutable-data.ts";
import { collect } from "../common/lifecycle.ts";
import { ageColumn, defineTable, nameColumn, text } from "../common/table.ts";
import type { Strategy } from "../contract.ts";

const dataPath = fieldPath("data");
const binaryDataPath = fieldPath("binaryData");

export const configMapStrategy: Strategy<ConfigMap> = {
  validate: (map) => collect((errors) => check(map, errors)),
  validateUpdate: (map, old) =>
    collect((errors) => {
      checkImmutable(map, old, ["data", "binaryData"], errors);
      check(map, errors);
    }),
  allowUnconditionalUpdate: true,
  table: defineTable([
    nameColumn,
    text(
      "Data",
      "How many entries it has.",
      ({ data = {}, binaryData = {} }) => Object.keys(data).length + Object.keys(binaryData).length,
    ),
    ageColumn,
  ]),
};

function check({ data = {}, binaryData = {} }: ConfigMap, errors: Errors): void {
  let size = 0;
  for (const [key, value] of Object.entries(data)) {
    const path = dataPath.key(key);
    addMessages(isConfigMapKey(key), key, path, errors);
    if (binaryData[key] !== undefined) errors.push(invalid(path, key, "duplicate of key present in binaryData"));
    size += byteLength(value);
  }
  for (const [key, value] of Object.entries(binaryData)) {
    addMessages(isConfigMapKey(key), key, binaryDataPath.key(key), errors);
    size += base64Length(value);
  }
  if (size > dataSizeMax) errors.push(tooLong(fieldPath(""), dataSizeMax));
}
