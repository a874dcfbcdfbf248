const component = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const reference = new RegExp(
  `^(?:[A-Za-z0-9.-]+(?::\\d+)?/)?${component}(?:/${component})*(?::(\\w[\\w.-]{0,127}))?(@[A-Za-z][\\w.+-]*:[0-9a-fA-F]{32,})?$`,
);
const maxReferenceLength = 1024;

/** Always for the tag `latest`, said or implied; otherwise, and for what is no image name, IfNotPresent. */
export function pullPolicyFor(image: string): "Always" | "IfNotPresent" {
  if (image.length > maxReferenceLength) return "IfNotPresent";
  const match = reference.exec(image);
  if (match === null) return "IfNotPresent";
  const [, tag, digest] = match;
  return (tag ?? (digest === undefined ? "latest" : "")) === "latest" ? "Always" : "IfNotPresent";
}
