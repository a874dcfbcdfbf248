import protobuf from "protobufjs";
import { enums } from "./facts/enums.ts";
import { type MessageName, messages, type Request, type Response } from "./messages.ts";

type Field = readonly [tag: number, type: string, container?: "repeated" | "map"];

function fieldOf([id, type, container]: Field): protobuf.IField | protobuf.IMapField {
  if (container === "map") return { id, type, keyType: "string" };
  return container === undefined ? { id, type } : { id, type, rule: container };
}

function buildRoot(): protobuf.Root {
  const nested: Record<string, protobuf.IType | protobuf.IEnum> = {};
  for (const [name, values] of Object.entries(enums)) nested[name] = { values };
  for (const [name, fields] of Object.entries(messages)) {
    const described = Object.entries<Field>(fields).map(([field, facts]) => [field, fieldOf(facts)]);
    nested[name] = { fields: Object.fromEntries(described) };
  }
  const built = protobuf.Root.fromJSON({ nested: { runtime: { nested: { v1: { nested } } } } });
  built.resolveAll();
  return built;
}

const types = new Map<string, protobuf.Type>();
let root: protobuf.Root | undefined;

function typeOf(name: MessageName): protobuf.Type {
  const known = types.get(name);
  if (known !== undefined) return known;
  root ??= buildRoot();
  const type = root.lookupType(`runtime.v1.${name}`);
  types.set(name, type);
  return type;
}

/** Throws a `TypeError` for a value that does not fit, for example an unknown enumeration name. */
export function encode<M extends MessageName>(name: M, value: Request<M>): Buffer {
  const type = typeOf(name);
  return Buffer.from(type.encode(type.fromObject(value as Record<string, unknown>)).finish());
}

/** Unknown fields are skipped, so newer runtimes are understood. Throws on malformed bytes. */
export function decode<M extends MessageName>(name: M, bytes: Uint8Array): Response<M> {
  return plain(typeOf(name), typeOf(name).decode(bytes)) as Response<M>;
}

/** The message as a peer would receive it; for fakes. */
export function received<M extends MessageName>(name: M, value: Request<M>): Response<M> {
  return plain(typeOf(name), typeOf(name).fromObject(value as Record<string, unknown>)) as Response<M>;
}

function plain(type: protobuf.Type, message: protobuf.Message): Record<string, unknown> {
  return type.toObject(message, { longs: Number, enums: String, defaults: true });
}
