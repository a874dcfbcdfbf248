const domain = "[A-Za-z0-9]+(?:-+[A-Za-z0-9]+)*";
const host = `(?:${domain}(?:\\.${domain})*|\\[[A-Fa-f0-9:]+\\])(?::\\d+)?`;
const component = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const digest = "sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128}";
const reference = new RegExp(
  `^(?:${host}/)?(${component}(?:/${component})*)(?::(\\w[\\w.-]{0,127}))?(@(?:${digest}))?$`,
);
const identifier = /^[a-f0-9]{64}$/;
/** Of the name without the registry. */
const pathLengthMax = 255;
/** Of everything: registry, path, tag and digest are bounded, with some space. */
const referenceLengthMax = 1024;

/** Always for the tag `latest`, said or implied; otherwise, and for what is no image name, IfNotPresent. */
export function pullPolicyFor(image: string): "Always" | "IfNotPresent" {
  if (image.length > referenceLengthMax || identifier.test(image)) return "IfNotPresent";
  const match = reference.exec(withRegistry(image));
  if (match === null) return "IfNotPresent";
  const [, path = "", tag, pinned] = match;
  if (path.length > pathLengthMax) return "IfNotPresent";
  return (tag ?? (pinned === undefined ? "latest" : "")) === "latest" ? "Always" : "IfNotPresent";
}

/** Names without a registry are those of Docker Hub, and there those without a slash its own. */
function withRegistry(image: string): string {
  const slash = image.indexOf("/");
  if (slash < 0) return `docker.io/library/${image}`;
  const first = image.slice(0, slash);
  return first === "localhost" || /[.:A-Z]/.test(first) ? image : `docker.io/${image}`;
}
