/** The commands of mail and of going places. Lists, readers and composers add their own while they are on the screen. */
import { commands } from '../action/commands.svelte.ts';
import * as deeds from '../action/deeds.ts';
import { canTakeBack, takeBackLast, wasSentLast } from '../action/outbox.svelte.ts';
import { type Need, session } from '../action/session.svelte.ts';
import { type Key, withMessages } from '../kit/i18n/index.svelte.ts';
import type { IconName } from '../kit/icons.ts';
import { router } from '../kit/router.svelte.ts';
import { room } from '../kit/window.svelte.ts';

const some = (): boolean => (session.mail?.rows.length ?? 0) > 0;
/** Rows that this page knows one by one. */
const one = (): boolean => some() && session.mail?.everything !== true;
const has = (): boolean => session.mail?.reminders.present ?? false;
/** Reminders and the like are of one's own mail. */
const plus = (): boolean => has() && (session.mail?.isOwn(session.mail.rows) ?? false);
const ownWords = (): boolean => {
  const mail = session.mail;
  const author = mail?.emailsOf(mail.rows).at(-1)?.from?.[0]?.email.toLowerCase();
  return author === undefined || author === mail?.signed.address.toLowerCase();
};
const role = (name: string): boolean => session.mail?.store.byRole.has(name) ?? false;
const inRole = (name: string): boolean => {
  const mail = session.mail;
  return mail !== null && mail.currentMailbox !== null && mail.store.mailboxById.get(mail.currentMailbox)?.role === name;
};
const needs = (...all: Need[]) => ({ barred: () => (session.mail?.store.others.length ? session.mail.barred(session.mail.emailsOf(session.mail.rows), ...all) : null) });
const every = (test: (keywords: Record<string, true>) => boolean): boolean => {
  const mail = session.mail;
  return mail !== null && mail.emailsOf(mail.rows).every((email) => test(email.keywords));
};
const any = (test: (keywords: Record<string, true>) => boolean): boolean => !every((keywords) => !test(keywords));

export function registerMail(): () => void {
  const act = (run: (mail: NonNullable<typeof session.mail>) => void) => () => {
    if (session.mail) run(session.mail);
  };
  return commands.add(
    { id: 'mail.archive', title: 'cmd.archive', ...needs({ to: 'archive' }), group: 'mail', icon: 'archive', when: () => some() && role('archive') && !inRole('archive') && !inRole('trash') && !inRole('junk') && !inRole('drafts'), run: act((mail) => deeds.archive(mail, mail.rows)) },
    { id: 'mail.archive-next', title: 'cmd.archive_next', ...needs({ to: 'archive' }), group: 'mail', hidden: true, when: () => some() && role('archive'), run: act((mail) => deeds.archive(mail, mail.rows, 'next')) },
    { id: 'mail.archive-previous', title: 'cmd.archive_previous', ...needs({ to: 'archive' }), group: 'mail', hidden: true, when: () => some() && role('archive'), run: act((mail) => deeds.archive(mail, mail.rows, 'previous')) },
    { id: 'mail.inbox', title: 'cmd.to_inbox', ...needs({ to: 'inbox' }), group: 'mail', icon: 'inbox', when: () => some() && (inRole('archive') || inRole('trash') || inRole('snoozed')), run: act((mail) => deeds.inbox(mail, mail.rows)) },
    { id: 'mail.trash', title: 'cmd.trash', ...needs({ to: 'trash' }), group: 'mail', icon: 'trash', when: () => some() && role('trash') && !inRole('trash'), run: act((mail) => deeds.trash(mail, mail.rows)) },
    { id: 'mail.junk', title: 'cmd.junk', ...needs({ to: 'junk' }, 'keywords'), group: 'mail', icon: 'junk', when: () => some() && role('junk') && !inRole('junk') && !inRole('sent') && !inRole('drafts'), run: act((mail) => deeds.junk(mail, mail.rows)) },
    { id: 'mail.not-junk', title: 'cmd.not_junk', ...needs({ to: 'inbox' }, 'keywords'), group: 'mail', icon: 'inbox', when: () => some() && inRole('junk'), run: act((mail) => deeds.junk(mail, mail.rows, false)) },
    { id: 'mail.move', title: 'cmd.move', group: 'mail', icon: 'move', when: some, run: act((mail) => (mail.picker = { kind: 'move', rows: mail.rows })) },
    { id: 'mail.label', title: 'cmd.label', ...needs('keywords'), group: 'mail', icon: 'tag', when: some, run: act((mail) => (mail.picker = { kind: 'label', rows: mail.rows })) },
    { id: 'mail.snooze', title: 'cmd.snooze', group: 'mail', icon: 'clock', when: () => one() && plus() && !inRole('snoozed') && !inRole('drafts') && !inRole('sent'), run: act((mail) => (mail.picker = { kind: 'snooze', rows: mail.rows })) },
    { id: 'mail.remind', title: 'cmd.remind', group: 'mail', icon: 'waiting', when: () => one() && plus() && !inRole('drafts'), run: act((mail) => (mail.picker = { kind: 'remind', rows: mail.rows })) },
    { id: 'mail.flag-as', title: 'cmd.flag_as', ...needs('keywords'), group: 'mail', icon: 'flag', when: one, run: act((mail) => (mail.picker = { kind: 'flag', rows: mail.rows })) },
    { id: 'mail.mute', title: 'cmd.mute', ...needs('keywords'), group: 'mail', icon: 'belloff', when: () => one() && plus() && !any((keywords) => '$muted' in keywords), run: act((mail) => deeds.mute(mail, mail.rows, true)) },
    { id: 'mail.unmute', title: 'cmd.unmute', ...needs('keywords'), group: 'mail', icon: 'bell', when: () => one() && any((keywords) => '$muted' in keywords), run: act((mail) => deeds.mute(mail, mail.rows, false)) },
    { id: 'mail.note', title: 'cmd.memo', group: 'mail', icon: 'note', when: () => one() && (session.mail?.rows.length ?? 0) === 1 && session.mail?.canNote === true && session.mail.isOwn(session.mail.rows), run: act((mail) => (mail.picker = { kind: 'note', rows: mail.rows })) },
    { id: 'mail.block', title: 'cmd.block', group: 'mail', icon: 'block', when: () => one() && plus() && !inRole('sent') && !inRole('drafts') && !ownWords(), run: act((mail) => void withMessages(import('../action/objects.ts')).then(({ block }) => block(mail, mail.rows))) },
    { id: 'mail.toggle-read', title: 'cmd.toggle_read', ...needs('seen'), group: 'mail', icon: 'mail', when: some, hidden: true, run: act((mail) => deeds.read(mail, mail.rows, any((keywords) => !('$seen' in keywords)))) },
    { id: 'mail.read', title: 'cmd.read', ...needs('seen'), group: 'mail', icon: 'mail', when: () => some() && any((keywords) => !('$seen' in keywords)), run: act((mail) => deeds.read(mail, mail.rows, true)) },
    { id: 'mail.unread', title: 'cmd.unread', ...needs('seen'), group: 'mail', icon: 'mail', when: () => some() && every((keywords) => '$seen' in keywords), run: act((mail) => deeds.read(mail, mail.rows, false)) },
    { id: 'mail.flag', title: 'cmd.flag', ...needs('keywords'), group: 'mail', icon: 'flag', when: some, run: act((mail) => deeds.flag(mail, mail.rows, !any((keywords) => '$flagged' in keywords))) },
    { id: 'app.undo', title: 'cmd.undo', group: 'app', icon: 'undo', when: () => canTakeBack() || (session.mail?.log.undoable.length ?? 0) > 0, run: act((mail) => (wasSentLast(mail) ? void takeBackLast(mail) : void mail.log.undo())) },
    { id: 'app.redo', title: 'cmd.redo', group: 'app', icon: 'refresh', when: () => session.mail?.log.canRedo ?? false, run: act((mail) => mail.log.redo()) },
    { id: 'app.palette', title: 'cmd.palette', group: 'app', icon: 'keyboard', hidden: true, run: () => (session.palette = !session.palette) },
    { id: 'app.keys', title: 'cmd.keys', group: 'app', icon: 'keyboard', run: () => (session.keySheet = true) },
  );
}

export function registerPlaces(): () => void {
  const to = (id: string, title: Key, icon: IconName, source: string, needs?: string) => ({
    id,
    title,
    group: 'go' as const,
    icon,
    ...(needs ? { when: () => role(needs) } : {}),
    run: () => router.go({ at: 'mail', source, thread: null }),
  });
  return commands.add(
    to('go.inbox', 'nav.inbox', 'inbox', 'inbox', 'inbox'),
    to('go.flagged', 'nav.flagged', 'flag', 'flagged'),
    to('go.drafts', 'nav.drafts', 'draft', 'drafts', 'drafts'),
    to('go.sent', 'nav.sent', 'send', 'sent', 'sent'),
    to('go.archive', 'nav.archive', 'archive', 'archive', 'archive'),
    to('go.junk', 'nav.junk', 'junk', 'junk', 'junk'),
    to('go.trash', 'nav.trash', 'trash', 'trash', 'trash'),
    to('go.all', 'nav.all', 'mail', 'all'),
    { id: 'go.waiting', title: 'nav.waiting', group: 'go', icon: 'waiting', when: has, run: () => router.go({ at: 'waiting' }) },
    to('go.snoozed', 'nav.snoozed', 'clock', 'snoozed', 'snoozed'),
    { id: 'mailbox.new', title: 'cmd.new_mailbox', group: 'app', icon: 'folder', when: () => session.mail?.store.link === 'online', run: () => router.go({ at: 'settings', page: 'folders' }) },
    { id: 'mailbox.share', title: 'cmd.share', group: 'app', icon: 'people', when: () => Boolean(session.mail?.shareable), run: () => session.mail && (session.mail.sharing = session.mail.shareable) },
    { id: 'go.history', title: 'nav.history', group: 'go', icon: 'history', run: () => router.go({ at: 'history' }) },
    { id: 'go.settings', title: 'nav.settings', group: 'go', icon: 'settings', run: () => router.go({ at: 'settings', page: 'appearance' }) },
  );
}

/** What else can be done with what is open: the reader's menu where there is one, else the palette, which begins with it. */
function more(): void {
  const menu = document.querySelector<HTMLElement>('.reader-pane .bar [aria-haspopup="menu"]');
  if (menu && menu.offsetParent !== null) menu.click();
  else session.palette = true;
}

function cycle(step: number): void {
  const panes = [...document.querySelectorAll<HTMLElement>('.rail, .side-scroll, .pane')].filter((pane) => pane.offsetParent !== null);
  const at = panes.findIndex((pane) => pane.contains(document.activeElement));
  const next = panes[(at + step + panes.length) % panes.length];
  (next?.querySelector<HTMLElement>('.list [tabindex="0"], [aria-current="page"], button, a') ?? next)?.focus();
}

/** `close` says whether a conversation was open. */
export function registerWindow({ close, signOut }: { close: () => boolean; signOut: () => void }): () => void {
  const back = (): void => {
    if (session.mail?.selected.size) session.mail.selected.clear();
    else if (close()) requestAnimationFrame(() => document.querySelector<HTMLElement>('.list [tabindex="0"]')?.focus());
    else if (router.route.at !== 'mail') router.go({ at: 'mail', source: 'inbox', thread: null });
  };
  return commands.add(
    { id: 'list.back', title: 'cmd.back', group: 'list', icon: 'left', hidden: true, run: back },
    { id: 'app.more', title: 'more', group: 'app', icon: 'more', hidden: true, run: more },
    { id: 'app.next-pane', title: 'cmd.next_pane', group: 'app', hidden: true, run: () => cycle(1) },
    { id: 'app.previous-pane', title: 'cmd.previous_pane', group: 'app', hidden: true, run: () => cycle(-1) },
    ...(['columns', 'bottom', 'table', 'focus', 'split'] as const).map((name, index) => ({
      id: `layout.${index + 1}`,
      title: `layout.${name}` as const,
      group: 'layout' as const,
      icon: 'columns' as const,
      when: () => !room.isPhone,
      run: () => session.settings.set('layout', name),
    })),
    { id: 'app.tour', title: 'tour.again', group: 'app', icon: 'info', run: () => (session.tour = true) },
    { id: 'app.sign-out', title: 'cmd.sign_out', group: 'app', icon: 'leave', run: signOut },
  );
}
