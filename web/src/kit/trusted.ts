/** Addresses of our own scripts, as the page's policy wants them (Trusted Types, policy `mailstead`). */
type Policy = { createScriptURL: (url: string) => string };

let policy: Policy | null | undefined;

/** `url` must come from the build, never from outside. */
export function scriptUrl(url: string): string {
  if (policy === undefined) {
    const factory = (globalThis as { trustedTypes?: { createPolicy: (name: string, rules: Policy) => Policy } }).trustedTypes;
    policy = factory?.createPolicy('mailstead', { createScriptURL: (text) => text }) ?? null;
  }
  return policy ? policy.createScriptURL(url) : url;
}
