import type { Secret } from "../../../api/index.ts";
import {
  fieldPath,
  invalid,
  isConfigMapKey,
  required,
  tooLong,
  validateImmutableField,
} from "../../../apimachinery/index.ts";
import { addMessages, type Errors } from "../common/check.ts";
import { base64Length, checkImmutable, dataSizeMax } from "../common/immutable-data.ts";
import { collect } from "../common/lifecycle.ts";
import { whyNoKeyPair } from "../common/key-pair.ts";
import { ageColumn, defineTable, nameColumn, text } from "../common/table.ts";
import type { Strategy } from "../contract.ts";

const dataPath = fieldPath("data");
const serviceAccountName = "kubernetes.io/service-account.name";

export const secretStrategy: Strategy<Secret> = {
  prepareForUpdate(secret, old) {
    if ((secret.type ?? "") === "" && old.type !== undefined) secret.type = old.type;
  },
  validate: (secret) => collect((errors) => check(secret, errors)),
  validateUpdate: (secret, old) =>
    collect((errors) => {
      validateImmutableField(secret.type ?? "", old.type ?? "", fieldPath("type"), errors);
      checkImmutable(secret, old, ["data"], errors);
      check(secret, errors);
    }),
  warningsOnCreate: keyPairWarnings,
  warningsOnUpdate: keyPairWarnings,
  allowUnconditionalUpdate: true,
  selectableFields: { type: ({ type }) => type ?? "" },
  table: defineTable([
    nameColumn,
    text("Type", "What the secret is for.", ({ type }) => type ?? ""),
    text("Data", "How many entries it has.", ({ data = {} }) => Object.keys(data).length),
    ageColumn,
  ]),
};

function keyPairWarnings({ type, data = {} }: Secret): readonly string[] {
  if (type !== "kubernetes.io/tls") return [];
  const decode = (key: string) => Buffer.from(data[key] ?? "", "base64").toString();
  const why = whyNoKeyPair(decode("tls.crt"), decode("tls.key"));
  return why === undefined ? [] : [why];
}

function check(secret: Secret, errors: Errors): void {
  let size = 0;
  for (const [key, value] of Object.entries(secret.data ?? {})) {
    addMessages(isConfigMapKey(key), key, dataPath.key(key), errors);
    size += base64Length(value);
  }
  if (size > dataSizeMax) errors.push(tooLong(dataPath, dataSizeMax));
  typeRules.get(secret.type ?? "")?.(secret, errors);
}

function requireKey({ data = {} }: Secret, key: string, errors: Errors): void {
  if (data[key] === undefined) errors.push(required(dataPath.key(key)));
}

function requireJson(key: string): (secret: Secret, errors: Errors) => void {
  return ({ data = {} }, errors) => {
    const value = data[key];
    if (value === undefined) errors.push(required(dataPath.key(key)));
    else {
      const why = whyNoJsonObject(Buffer.from(value, "base64").toString());
      if (why !== undefined) errors.push(invalid(dataPath.key(key), "<secret contents redacted>", why));
    }
  };
}

/** In the words of Go's decoder. */
function whyNoJsonObject(content: string): string | undefined {
  const start = content.trimStart();
  if (start === "") return "unexpected end of JSON input";
  try {
    const value: unknown = JSON.parse(content);
    if (value === null || (typeof value === "object" && !Array.isArray(value))) return undefined;
    const found = Array.isArray(value) ? "array" : typeof value === "boolean" ? "bool" : typeof value;
    return `json: cannot unmarshal ${found} into Go value of type map[string]interface {}`;
  } catch {
    return /^[[{"\d-]/.test(start)
      ? "unexpected end of JSON input"
      : `invalid character '${start[0]}' looking for beginning of value`;
  }
}

const typeRules: ReadonlyMap<string, (secret: Secret, errors: Errors) => void> = new Map([
  [
    "kubernetes.io/service-account-token",
    ({ metadata }, errors) => {
      const path = fieldPath("metadata", "annotations").key(serviceAccountName);
      if ((metadata.annotations?.[serviceAccountName] ?? "") === "") errors.push(required(path));
    },
  ],
  ["kubernetes.io/dockercfg", requireJson(".dockercfg")],
  ["kubernetes.io/dockerconfigjson", requireJson(".dockerconfigjson")],
  [
    "kubernetes.io/basic-auth",
    (secret, errors) => {
      if (secret.data?.["username"] !== undefined || secret.data?.["password"] !== undefined) return;
      requireKey(secret, "username", errors);
      requireKey(secret, "password", errors);
    },
  ],
  [
    "kubernetes.io/ssh-auth",
    ({ data = {} }, errors) => {
      if ((data["ssh-privatekey"] ?? "") === "") errors.push(required(dataPath.key("ssh-privatekey")));
    },
  ],
  [
    "kubernetes.io/tls",
    (secret, errors) => {
      requireKey(secret, "tls.crt", errors);
      requireKey(secret, "tls.key", errors);
    },
  ],
]);
