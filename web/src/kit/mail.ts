/** The shapes that this layer needs of mail, and what is asked of addresses everywhere. */
export interface EmailAddress {
  name: string | null;
  email: string;
}

export function sameAddress(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase();
}

export function domainOf(email: string): string {
  return email.slice(email.lastIndexOf('@') + 1).toLowerCase();
}
