export {
  formatYaml,
  type ParsedYaml,
  parseYaml,
  parseYamlDocuments,
  splitYaml,
  YamlError,
  yamlConversionMessage,
} from "./parse.ts";
