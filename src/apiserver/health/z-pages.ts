import { answerZPage, type ZPage, zPagePath } from "../../component/index.ts";
import { headerText } from "../handlers/body.ts";
import type { PathHandler } from "../handlers/router.ts";
import { bytesReply } from "../http/reply.ts";

/** `/statusz` and `/flagz`. */
export function zPagePaths(pages: readonly ZPage[]): PathHandler {
  const byPath = new Map(pages.map((page) => [zPagePath(page), page]));
  return {
    handle(request) {
      const page = byPath.get(request.target.split("?")[0] ?? "");
      if (page === undefined) return undefined;
      const { status, contentType, body, headers } = answerZPage(page, headerText(request, "accept"));
      const reply = bytesReply(status, contentType, Buffer.from(body));
      Object.assign(reply.headers, headers);
      return reply;
    },
  };
}
