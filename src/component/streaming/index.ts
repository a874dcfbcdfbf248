export {
  SpdyConnection,
  type SpdyConnectionOptions,
  type SpdyReceiver,
  type SpdyStream,
} from "./connection.ts";
export { SpdyFrameReader } from "./frame-reader.ts";
export * from "./frames.ts";
export { HeaderDecoder, HeaderEncoder, type SpdyHeaders } from "./header-block.ts";
