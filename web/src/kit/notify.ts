/** What is told: one judgement for an open window and for the service worker. */
import type { NotifyRules } from './notify-rules.ts';

export interface Told {
  from?: { email: string; name: string | null }[] | null;
  mailboxIds: Record<string, boolean>;
  keywords: Record<string, boolean>;
}

const machine = /^(?:no-?reply|do-?not-?reply|notifications?|news(?:letter)?|mailer-daemon|postmaster|bounces?|alerts?)\b/i;

export function isVip(rules: NotifyRules, address: string): boolean {
  const key = address.toLowerCase();
  return rules.vips.includes(key) || rules.vips.includes(key.slice(key.lastIndexOf('@')));
}

/** Minutes of the day. */
const minutes = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));

export function isQuiet(quiet: NotifyRules['quiet'], now: Date): boolean {
  if (!quiet.on) return false;
  if (quiet.weekend && (now.getDay() === 0 || now.getDay() === 6)) return true;
  const [from, to, at] = [minutes(quiet.from), minutes(quiet.to), now.getHours() * 60 + now.getMinutes()];
  return from <= to ? from <= at && at < to : at >= from || at < to;
}

/** Whether to tell of a message that has just come, and how. */
export function verdict(rules: NotifyRules, one: Told, inbox: string | undefined, now: Date): 'no' | 'silent' | 'loud' {
  if (one.keywords['$seen'] || one.keywords['$draft'] || (one.keywords['$muted'] && !one.keywords['$followed']) || one.keywords['$junk']) return 'no';
  const author = one.from?.[0]?.email ?? '';
  const vip = isVip(rules, author);
  const inInbox = inbox !== undefined && inbox in one.mailboxIds;
  const wanted = rules.folders.some((id) => id in one.mailboxIds) || (inInbox && (vip || rules.mail === 'all' || (rules.mail === 'people' && author !== '' && !machine.test(author))));
  if (!wanted || (isQuiet(rules.quiet, now) && !(vip && rules.quiet.vips))) return 'no';
  return rules.sound ? 'loud' : 'silent';
}

/** The few words that the worker says, for it has no catalogue. */
export const words: Record<string, { archive: string; read: string; none: string; more: string }> = {
  en: { archive: 'Archive', read: 'Mark as read', none: '(no subject)', more: 'new messages' },
  de: { archive: 'Archivieren', read: 'Als gelesen markieren', none: '(kein Betreff)', more: 'neue Nachrichten' },
  ar: { archive: 'أرشفة', read: 'تعليم كمقروءة', none: '(بلا موضوع)', more: 'رسائل جديدة' },
};

export interface Note {
  title: string;
  options: NotificationOptions & { actions?: { action: string; title: string }[]; timestamp?: number };
}

/** What a message is shown as. `box`: where it lies; `archive`: where it would go. */
export function noteOf(
  one: Told & { id: string; threadId: string; subject?: string | null; receivedAt?: string }, where: { box: string; source: string; archive: string | undefined }, language: string, loud: boolean,
): Note {
  const say = words[language] ?? (words['en'] as (typeof words)[string]);
  const author = one.from?.[0];
  return {
    title: author?.name || author?.email || '?',
    options: {
      body: one.subject || say.none,
      tag: one.threadId,
      lang: language,
      dir: 'auto',
      icon: '/icon-192.png',
      silent: !loud,
      ...(one.receivedAt ? { timestamp: Date.parse(one.receivedAt) } : {}),
      actions: [...(where.archive ? [{ action: 'archive', title: say.archive }] : []), { action: 'read', title: say.read }],
      data: { path: `/m/${encodeURIComponent(where.source)}/${encodeURIComponent(one.threadId)}`, id: one.id, box: where.box, archive: where.archive ?? null },
    },
  };
}
