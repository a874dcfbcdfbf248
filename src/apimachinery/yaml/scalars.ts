import { exactInteger } from "../schema/exact-json.ts";
import { CORE_SCHEMA, defineScalarTag, mergeTag, NOT_RESOLVED } from "js-yaml";

/** Plain scalars as go-yaml 2 reads them, which is YAML 1.1 with `y` and `n`, and numbers as Go's parser takes them. */
const trueWords = new Set(["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"]);
const falseWords = new Set(["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"]);

const boolTag = defineScalarTag("tag:yaml.org,2002:bool", {
  implicit: true,
  resolve: (source) => (trueWords.has(source) ? true : falseWords.has(source) ? false : NOT_RESOLVED),
  identify: (data) => typeof data === "boolean",
});

const decimal = /^[-+]?(0|[1-9][0-9]*)$/;
const prefixed = /^[-+]?0([xX][0-9a-fA-F]+|[bB][01]+|[oO]?[0-7]+)$/;

const intTag = defineScalarTag<number | bigint>("tag:yaml.org,2002:int", {
  implicit: true,
  implicitFirstChars: [..."+-0123456789"],
  resolve: (source) => {
    const plain = source.replaceAll("_", "");
    if (decimal.test(plain)) return exactInteger(plain.replace(/^\+/, ""));
    if (!prefixed.test(plain)) return NOT_RESOLVED;
    const negative = plain.startsWith("-");
    const digits = plain.replace(/^[-+]/, "").replace(/^0(?=[0-7])/, "0o");
    return negative ? -Number(digits) : Number(digits);
  },
  identify: (data) => typeof data === "bigint" || Number.isInteger(data),
});

const float = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
const special = /^([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$/;

const floatTag = defineScalarTag<number>("tag:yaml.org,2002:float", {
  implicit: true,
  implicitFirstChars: [..."+-.0123456789"],
  resolve: (source) => {
    const plain = source.replaceAll("_", "");
    if (float.test(plain)) return Number(plain);
    if (!special.test(plain)) return NOT_RESOLVED;
    return plain.toLowerCase() === ".nan" ? Number.NaN : plain.startsWith("-") ? -Infinity : Infinity;
  },
  identify: (data) => typeof data === "number",
});

export const goYamlSchema = CORE_SCHEMA.withTags(boolTag, intTag, floatTag, mergeTag);

const moment = /^\d{4}-\d\d?-\d\d?([Tt]\d\d?:\d\d?:\d\d?(\.\d+)?(Z|[-+]\d\d:\d\d)|[ \t]+\d\d?:\d\d?:\d\d?(\.\d+)?)?$/;
const base60 = /^[-+]?\d[\d_]*(:[0-5]?\d)+(\.[\d_]*)?$/;

/** What other readers take for times, or numbers to the base of 60; here it is text. */
const foreignTag = defineScalarTag<never>("tag:yaml.org,2002:timestamp", {
  implicit: true,
  implicitFirstChars: [..."+-0123456789"],
  resolve: (source) => (moment.test(source) || base60.test(source) ? (source as never) : NOT_RESOLVED),
  identify: () => false,
});

/** For writing: text is quoted also where only readers of YAML 1.1 would see something else in it, as go-yaml does. */
export const writtenSchema = goYamlSchema.withTags(foreignTag);
