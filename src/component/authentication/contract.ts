/** Who asks. `user.Info` upstream. */
export interface UserInfo {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** What authenticators may look at; the transport fills it in. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** DER of the verified-or-not client certificate chain, leaf first. */
  readonly clientCertificates: readonly Uint8Array[];
  readonly remoteAddress: string;
  /** What is asked for, where a request asks. */
  readonly path?: string;
}

/** What is said of a credential beside whether it is taken. */
export interface CredentialRemarks {
  readonly warnings: readonly string[];
  readonly auditAnnotations: Readonly<Record<string, string>>;
}

export type AuthenticationResult =
  | {
      readonly type: "authenticated";
      readonly user: UserInfo;
      readonly audiences?: readonly string[];
      readonly remarks?: CredentialRemarks;
    }
  /** Nothing for this authenticator to judge; the next one is asked. */
  | { readonly type: "none" }
  /** A credential of this kind was there and is bad: 401 unless another authenticator accepts. */
  | { readonly type: "rejected"; readonly message: string; readonly remarks?: CredentialRemarks };

export interface Authenticator {
  readonly name: string;
  authenticate(credentials: Credentials, signal: AbortSignal): AuthenticationResult | Promise<AuthenticationResult>;
}
