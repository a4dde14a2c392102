/**
 * What is worth a sentence above a message, with its reason from the mail itself. Silence is the normal case.
 * Only what can be known here is said: the results that our own server wrote at arrival (RFC 8601), and the letters.
 */
import type { Detail } from '../../cache/bodies.ts';
import type { EmailAddress } from '../../jmap/types.ts';
import { domainOf, sameAddress } from '../../kit/mail.ts';

export type Results = Record<'spf' | 'dkim' | 'dmarc' | 'arc', string>;

/** The results of one Authentication-Results field whose authserv-id is ours (RFC 8601 §2.2), else null. */
export function authResults(raw: string, ours: string): Partial<Results> | null {
  const text = raw.replace(/\([^()]*\)/g, ' ').trim();
  const [head, ...rest] = text.split(';');
  if (!head || head.trim().split(/\s+/)[0]?.toLowerCase() !== ours.toLowerCase()) return null;
  const out: Partial<Results> = {};
  for (const part of rest) {
    const match = /^\s*(spf|dkim|dmarc|arc)\s*=\s*([a-z]+)/i.exec(part);
    if (match) {
      const method = (match[1] as string).toLowerCase() as keyof Results;
      const result = (match[2] as string).toLowerCase();
      if (out[method] !== 'pass') out[method] = result;
    }
  }
  return out;
}

/** Where the words of a link name another place than it leads to: the two hosts, else null. */
export function linkMismatch(href: string, text: string): { shown: string; real: string } | null {
  let real: string;
  try {
    const url = new URL(href);
    if (!/^https?:$/.test(url.protocol)) return null;
    real = url.hostname;
  } catch {
    return null;
  }
  const shown = /^(?:https?:\/\/)?(?:[^@\s/]+@)?((?:[\p{L}\p{N}-]+\.)+[\p{L}]{2,})(?:[:/?#]|$)/iu.exec(text.trim())?.[1]?.toLowerCase();
  if (!shown) return null;
  const tail = (host: string): string => host.replace(/^www\./, '').split('.').slice(-2).join('.');
  return tail(shown) === tail(real) ? null : { shown, real };
}

/** A display name that claims to be another address than the one behind it. */
export function namePretends(from: EmailAddress | undefined): string | null {
  const claimed = /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/.exec(from?.name ?? '')?.[0];
  return from && claimed && !sameAddress(claimed, from.email) && domainOf(claimed) !== domainOf(from.email) ? claimed : null;
}

/** Where an answer goes elsewhere than to the author's domain, and not to a list. */
export function replyElsewhere(detail: Detail): EmailAddress | null {
  const from = detail.from?.[0];
  const reply = detail.replyTo?.[0];
  if (!from || !reply || detail['header:List-Id:asText']) return null;
  return domainOf(reply.email) === domainOf(from.email) ? null : reply;
}
