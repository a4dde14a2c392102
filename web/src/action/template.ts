/** A template with its fields filled: `{first}`, `{name}`, `{address}`, `{date}`, `{me}`. What is not known stays as it is written. */
import type { Template } from '../cache/settings.svelte.ts';
import type { EmailAddress } from '../jmap/types.ts';
import { dayName } from '../kit/dates.ts';

export function fill(template: Template, to: EmailAddress | undefined, me: string, now = new Date()): { subject: string; text: string } {
  const name = to?.name?.trim() ?? '';
  const known: Record<string, string> = { date: dayName(now), me, ...(to ? { address: to.email, name: name || to.email, first: name.split(/\s+/)[0] || to.email } : {}) };
  const put = (text: string): string => text.replace(/\{(first|name|address|date|me)\}/g, (whole, field: string) => known[field] ?? whole);
  return { subject: put(template.subject), text: put(template.text) };
}
