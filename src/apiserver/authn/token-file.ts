import type { UserInfo } from "../request/contract.ts";
import { type Authenticator, bearerToken } from "../../component/index.ts";

/** `--token-auth-file`: lines of `token,user,uid,"group1,group2"`. Throws on a line with fewer than three columns. */
export function tokenFileAuthenticator(csv: string): Authenticator {
  const users = new Map<string, UserInfo>();
  for (const [index, line] of csv.split("\n").entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const [token, name, uid, groups] = columns(line);
    if (token === undefined || name === undefined || uid === undefined) {
      throw new Error(
        `token file must have at least 3 columns (token, user name, user uid), found fewer in line ${index + 1}`,
      );
    }
    users.set(token, { name, uid, groups: (groups ?? "").split(",").filter((group) => group !== "") });
  }
  return {
    name: "token-file",
    authenticate(credentials) {
      const token = bearerToken(credentials.headers["authorization"]);
      const user = token === undefined ? undefined : users.get(token);
      return user === undefined ? { type: "none" } : { type: "authenticated", user };
    },
  };
}

function columns(line: string): string[] {
  return [...line.matchAll(/\s*("([^"]*)"|[^,]*)\s*(?:,|$)/g)].map((match) => match[2] ?? (match[1] ?? "").trim());
}
