/** A template with its fields filled: `{first}`, `{name}`, `{address}`, `{date}`, `{me}`. What is not known stays as it is written. */
import type { Template } from '../cache/settings.svelte.ts';
import type { EmailAddress } from '../jmap/types.ts';
import { dayName } from '../kit/dates.ts';

const FIELD = /\{(first|name|address|date|me)\}/g;

/** A field that stands in a text as it is written, if any. */
export const unfilled = (text: string): string | null => text.match(FIELD)?.[0] ?? null;

/** `safe`: how what is put into the text is written there. */
export function fill(template: Pick<Template, 'subject' | 'text'>, to: EmailAddress | undefined, me: string, safe = (text: string): string => text, now = new Date()): { subject: string; text: string } {
  const name = to?.name?.trim() ?? '';
  const known: Record<string, string> = { date: dayName(now), me, ...(to ? { address: to.email, name: name || to.email, first: name.split(/\s+/)[0] || to.email } : {}) };
  const put = (text: string, say = (word: string): string => word): string => text.replace(FIELD, (whole, field: string) => (known[field] === undefined ? whole : say(known[field])));
  return { subject: put(template.subject), text: put(template.text, safe) };
}
