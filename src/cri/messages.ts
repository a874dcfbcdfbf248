import { containerMessages } from "./facts/container.ts";
import type { enums } from "./facts/enums.ts";
import { imageMessages } from "./facts/image.ts";
import { runtimeMessages } from "./facts/runtime.ts";
import { sandboxMessages } from "./facts/sandbox.ts";
import { statsMessages } from "./facts/stats.ts";

/** Every message of CRI v1 that a Linux node uses. */
export const messages = {
  ...sandboxMessages,
  ...containerMessages,
  ...imageMessages,
  ...statsMessages,
  ...runtimeMessages,
} as const;

type Messages = typeof messages;
type Enums = typeof enums;
export type MessageName = keyof Messages;
export type EnumName = keyof Enums;

type Scalar<T> = T extends "string"
  ? string
  : T extends "bool"
    ? boolean
    : T extends "bytes"
      ? Uint8Array
      : T extends EnumName
        ? keyof Enums[T]
        : number;

type Sent<T> = T extends MessageName ? Request<T> : Scalar<T>;
type SentField<F> = F extends readonly [number, infer T, "repeated"]
  ? readonly Sent<T>[]
  : F extends readonly [number, infer T, "map"]
    ? Readonly<Record<string, Sent<T>>>
    : F extends readonly [number, infer T]
      ? Sent<T>
      : never;

type Received<T> = T extends MessageName ? Response<T> : Scalar<T>;
type ReceivedField<F> = F extends readonly [number, infer T, "repeated"]
  ? readonly Received<T>[]
  : F extends readonly [number, infer T, "map"]
    ? Readonly<Record<string, Received<T>>>
    : F extends readonly [number, infer T]
      ? T extends MessageName
        ? Response<T> | null
        : Scalar<T>
      : never;

/** A message to be sent: what is left out keeps its protobuf default. */
export type Request<M extends MessageName> = { readonly [F in keyof Messages[M]]?: SentField<Messages[M][F]> | null };

/**
 * A message as received: absent scalars hold their protobuf default, absent messages are `null`. 64-bit integers
 * are numbers: sizes and counters are exact up to 2^53, nanosecond time stamps are rounded to 256 ns.
 */
export type Response<M extends MessageName> = { readonly [F in keyof Messages[M]]: ReceivedField<Messages[M][F]> };

export type EnumValue<E extends EnumName> = keyof Enums[E];
