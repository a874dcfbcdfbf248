import protobuf from "protobufjs";

/**
 * The part of etcd's v3 API that is used, by the names and numbers of its `rpc.proto` and `kv.proto`; the same in 3.4,
 * 3.5 and 3.6. Names are in camel case, which the wire does not show.
 */
const DEFINITIONS = `
syntax = "proto3";
message Header { int64 revision = 3; }
message KeyValue { bytes key = 1; int64 createRevision = 2; int64 modRevision = 3; int64 version = 4; bytes value = 5; }
message RangeRequest { bytes key = 1; bytes rangeEnd = 2; int64 limit = 3; int64 revision = 4; bool countOnly = 9; }
message RangeResponse { Header header = 1; repeated KeyValue kvs = 2; bool more = 3; int64 count = 4; }
message PutRequest { bytes key = 1; bytes value = 2; int64 lease = 3; }
message PutResponse { Header header = 1; }
message DeleteRangeRequest { bytes key = 1; }
message DeleteRangeResponse { Header header = 1; int64 deleted = 2; }
message RequestOp {
  oneof request { RangeRequest requestRange = 1; PutRequest requestPut = 2; DeleteRangeRequest requestDeleteRange = 3; }
}
message ResponseOp {
  oneof response {
    RangeResponse responseRange = 1; PutResponse responsePut = 2; DeleteRangeResponse responseDeleteRange = 3;
  }
}
message Compare {
  int32 result = 1;
  int32 target = 2;
  bytes key = 3;
  oneof targetUnion { int64 version = 4; int64 modRevision = 6; }
}
message TxnRequest { repeated Compare compare = 1; repeated RequestOp success = 2; repeated RequestOp failure = 3; }
message TxnResponse { Header header = 1; bool succeeded = 2; repeated ResponseOp responses = 3; }
message CompactionRequest { int64 revision = 1; }
message CompactionResponse { Header header = 1; }
message WatchCreateRequest { bytes key = 1; bytes rangeEnd = 2; int64 startRevision = 3; bool prevKv = 6; }
message WatchRequest { oneof request { WatchCreateRequest createRequest = 1; } }
message Event { int32 type = 1; KeyValue kv = 2; KeyValue prevKv = 3; }
message WatchResponse {
  Header header = 1; bool created = 3; bool canceled = 4; int64 compactRevision = 5; string cancelReason = 6;
  repeated Event events = 11;
}
message LeaseGrantRequest { int64 TTL = 1; }
message LeaseGrantResponse { int64 ID = 2; int64 TTL = 3; }
message StatusRequest { }
message StatusResponse { Header header = 1; string version = 2; int64 dbSize = 3; }
`;

const root = protobuf.parse(DEFINITIONS, { keepCase: true }).root;

export interface Header {
  readonly revision: number;
}
export interface KeyValue {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly createRevision: number;
  readonly modRevision: number;
  /** How many times the key was written since it came into being. */
  readonly version: number;
}
export interface RangeRequest {
  readonly key: Uint8Array;
  readonly rangeEnd?: Uint8Array;
  readonly limit?: number;
  readonly revision?: number;
  readonly countOnly?: boolean;
}
export interface RangeResponse {
  readonly header: Header;
  readonly kvs: readonly KeyValue[];
  readonly more: boolean;
  /** Keys in the range, whatever the limit. */
  readonly count: number;
}
export type RequestOp =
  | { readonly requestRange: RangeRequest }
  | { readonly requestPut: { readonly key: Uint8Array; readonly value: Uint8Array; readonly lease: string } }
  | { readonly requestDeleteRange: { readonly key: Uint8Array } };
/** `result` 0 is "equal"; `target` 0 is the version, 2 the mod revision. */
export type Compare =
  | { readonly result: 0; readonly target: 0; readonly key: Uint8Array; readonly version: number }
  | { readonly result: 0; readonly target: 2; readonly key: Uint8Array; readonly modRevision: number };
export interface TxnRequest {
  readonly compare: readonly Compare[];
  readonly success: readonly RequestOp[];
  readonly failure: readonly RequestOp[];
}
export interface TxnResponse {
  readonly header: Header;
  readonly succeeded: boolean;
  readonly responses: readonly { readonly responseRange?: RangeResponse }[];
}
export interface WatchRequest {
  readonly createRequest: {
    readonly key: Uint8Array;
    readonly rangeEnd: Uint8Array;
    readonly startRevision: number;
    readonly prevKv: boolean;
  };
}
export interface WatchResponse {
  readonly header: Header;
  readonly created: boolean;
  readonly canceled: boolean;
  readonly compactRevision: number;
  readonly cancelReason: string;
  /** `type` 0 is a put, 1 a deletion. */
  readonly events: readonly { readonly type: 0 | 1; readonly kv: KeyValue; readonly prevKv: KeyValue | null }[];
}
export interface LeaseGrantResponse {
  /** Above 2^53, so a decimal string. */
  readonly ID: string;
}
export interface StatusResponse {
  readonly version: string;
  readonly dbSize: number;
}

/** How to call one method of the API. */
export interface Method<Asked, Answered> {
  /** As in the path of the HTTP/2 request. */
  readonly path: string;
  /** Nothing is changed, so it may be asked twice. */
  readonly idempotent: boolean;
  encode(request: Asked): Buffer;
  decode(bytes: Uint8Array): Answered;
}

function method<Asked extends object, Answered>(
  path: string,
  request: string,
  response: string,
  options: { readonly idempotent: boolean; readonly longs?: typeof String },
): Method<Asked, Answered> {
  const asked = root.lookupType(request);
  const answered = root.lookupType(response);
  return {
    path,
    idempotent: options.idempotent,
    encode: (message) => Buffer.from(asked.encode(asked.fromObject(message)).finish()),
    decode: (bytes) =>
      answered.toObject(answered.decode(bytes), {
        longs: options.longs ?? Number,
        defaults: true,
        arrays: true,
      }) as Answered,
  };
}

const read = { idempotent: true };
const write = { idempotent: false };

export const RANGE = method<RangeRequest, RangeResponse>(
  "/etcdserverpb.KV/Range",
  "RangeRequest",
  "RangeResponse",
  read,
);
export const TXN = method<TxnRequest, TxnResponse>("/etcdserverpb.KV/Txn", "TxnRequest", "TxnResponse", write);
export const COMPACT = method<{ readonly revision: number }, { readonly header: Header }>(
  "/etcdserverpb.KV/Compact",
  "CompactionRequest",
  "CompactionResponse",
  read,
);
export const LEASE_GRANT = method<{ readonly TTL: number }, LeaseGrantResponse>(
  "/etcdserverpb.Lease/LeaseGrant",
  "LeaseGrantRequest",
  "LeaseGrantResponse",
  { idempotent: true, longs: String },
);
export const STATUS = method<object, StatusResponse>(
  "/etcdserverpb.Maintenance/Status",
  "StatusRequest",
  "StatusResponse",
  read,
);
export const WATCH = method<WatchRequest, WatchResponse>(
  "/etcdserverpb.Watch/Watch",
  "WatchRequest",
  "WatchResponse",
  read,
);
