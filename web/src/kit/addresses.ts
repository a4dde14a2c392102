/** Addresses as people type them (RFC 5322 §3.4, leniently), and subjects of answers: what only writing needs. */
import type { EmailAddress } from './mail.ts';

/** Split at commas, semicolons and line ends that stand outside quotes, comments and angle brackets. */
export function splitAddresses(text: string): string[] {
  const out: string[] = [];
  let piece = '';
  let quoted = false;
  let depth = 0;
  let angle = false;
  for (let index = 0; index < text.length; index++) {
    const character = text[index] as string;
    if (character === '\\' && (quoted || depth)) {
      piece += character + (text[++index] ?? '');
      continue;
    }
    if (character === '"' && !depth) quoted = !quoted;
    else if (!quoted && character === '(') depth++;
    else if (!quoted && character === ')' && depth) depth--;
    else if (!quoted && !depth && character === '<') angle = true;
    else if (!quoted && !depth && character === '>') angle = false;
    if (!quoted && !depth && !angle && /[,;\n\r]/.test(character)) {
      out.push(piece);
      piece = '';
    } else piece += character;
  }
  out.push(piece);
  return out.map((part) => part.trim()).filter(Boolean);
}

/** Of `more` those that `list` has not, each once. */
export function newTo(list: EmailAddress[], more: EmailAddress[]): EmailAddress[] {
  const have = new Set(list.map(({ email }) => email.toLowerCase()));
  return more.filter(({ email }) => !have.has(email.toLowerCase()) && have.add(email.toLowerCase()));
}

/** What is typed, as addresses; `rest` is what is none. */
export function readAddresses(text: string): { good: EmailAddress[]; rest: string[] } {
  const parts = splitAddresses(text);
  return { good: parts.map(parseAddress).filter((address) => address !== null), rest: parts.filter((part) => !parseAddress(part)) };
}

export function parseAddress(text: string): EmailAddress | null {
  const angle = /^(.*)<([^<>]+)>\s*$/s.exec(text.trim());
  const email = (angle ? (angle[2] as string) : text).trim().replace(/^mailto:/i, '');
  if (!isAddress(email)) return null;
  const name = angle ? (angle[1] as string).trim().replace(/^"(.*)"$/s, '$1').replace(/\\(.)/g, '$1').trim() : '';
  return { name: name || null, email };
}

/** Good enough to send to; the server decides. */
export function isAddress(text: string): boolean {
  return text.length <= 320 && /^(?:[^\s@"<>(),:;[\]\\]+|"(?:[^"\\]|\\.)+")@[^\s@<>(),:;\\]+$/u.test(text) && !text.endsWith('.');
}

export function formatAddress(address: EmailAddress): string {
  if (!address.name) return address.email;
  return /^[\p{L}\p{N} .'_-]+$/u.test(address.name) ? `${address.name} <${address.email}>` : `"${address.name.replace(/(["\\])/g, '\\$1')}" <${address.email}>`;
}

const prefix = /^\s*(?:(?:re|aw|antw|sv|vs|ref|r|رد)(?:\[\d+\])?\s*:|(?:fwd?|wg|tr|rv|i|إعادة توجيه)\s*:)\s*/i;

export function baseSubject(subject: string): string {
  let text = subject;
  while (prefix.test(text)) text = text.replace(prefix, '');
  return text.trim();
}

export function replySubject(subject: string): string {
  return `Re: ${baseSubject(subject)}`;
}

export function forwardSubject(subject: string): string {
  return `Fwd: ${baseSubject(subject)}`;
}
