/** Writing, as the window sees it: which composers stand where, and the commands that open them. What a draft can do comes with the first of them. */
import { untrack } from 'svelte';
import { commands } from '../action/commands.svelte.ts';
import type { Draft } from '../action/compose/draft.svelte.ts';
import { composers } from '../action/composers.svelte.ts';
import { session, tell } from '../action/session.svelte.ts';
import type { Email, Id } from '../jmap/types.ts';
import { withMessages } from '../kit/i18n/index.svelte.ts';
import { router } from '../kit/router.svelte.ts';
import { room } from '../kit/window.svelte.ts';
import type { Desk } from './desk.svelte.ts';
import type { Keyboard } from './keyboard.svelte.ts';

type Kind = 'reply' | 'replyAll' | 'forward' | 'draft';
const writing = () => withMessages(import('../action/compose/begin.svelte.ts'));
/** The one with the focus, else the one that was opened last. */
const inHand = (): Element | null => document.activeElement?.closest('.composer') ?? [...document.querySelectorAll('.composer:has([data-send])')].at(-1) ?? null;

export class Writing {
  readonly #desk: Desk;
  readonly #keyboard: Keyboard;
  /** The draft that has a window of its own. */
  page = $state.raw<Draft | null>(null);
  readonly docked = $derived(composers.list.filter((draft) => !draft.inline));
  readonly inlined = $derived.by(() => {
    const { thread, mail } = this.#desk;
    return composers.list.find((draft) => draft.inline && draft.fields.about !== null && mail.store.emails.get(draft.fields.about.emailId)?.threadId === thread) ?? null;
  });

  constructor(desk: Desk, keyboard: Keyboard) {
    this.#desk = desk;
    this.#keyboard = keyboard;
    const { mail } = desk;
    $effect(() => untrack(() => void mail.store.db?.count('draft').then((kept) => (kept ? withMessages(import('../action/compose/draft.svelte.ts')).then(({ restore }) => restore(mail)) : undefined))));
    $effect(() => {
      if (!composers.possible) return;
      const answers = (): boolean => this.#newest() !== undefined;
      return commands.add(
        { id: 'compose.new', title: 'cmd.compose', group: 'compose', icon: 'pencil', run: () => void keyboard.opened(writing().then((begin) => composers.open(begin.start(mail)))) },
        { id: 'compose.send', title: 'cmd.send', group: 'compose', icon: 'send', when: () => this.page !== null || composers.list.some((draft) => !draft.minimised), run: () => inHand()?.querySelector<HTMLElement>('[data-send]')?.click() },
        { id: 'compose.draft', title: 'cmd.open', group: 'compose', hidden: true, when: () => mail.cursor !== null, run: () => mail.cursor && void keyboard.opened(this.#resume(mail.cursor)) },
        { id: 'thread.reply', title: 'cmd.reply', group: 'thread', icon: 'reply', when: answers, run: () => this.#answer(session.settings.values.replyAll ? 'replyAll' : 'reply') },
        { id: 'thread.reply-all', title: 'cmd.reply_all', group: 'thread', icon: 'replyall', when: answers, run: () => this.#answer('replyAll') },
        { id: 'thread.forward', title: 'cmd.forward', group: 'thread', icon: 'forward', when: answers, run: () => this.#answer('forward') },
        { id: 'go.outbox', title: 'nav.outbox', group: 'go', icon: 'outbox', run: () => router.go({ at: 'outbox' }) },
      );
    });
    $effect(() => {
      const { route } = router;
      if (route.at !== 'compose' || this.page || !composers.possible) return;
      const { id } = route;
      void writing().then(async (begin) => {
        const mailto = new URLSearchParams(location.search).get('mailto');
        this.page ??= id === 'new' ? begin.start(mail, mailto ? begin.fromMailto(mailto) : {}) : await begin.resume(mail, id);
      }).catch(tell);
    });
  }

  readonly respond = (kind: Kind, email: Email): void => void this.#keyboard.opened(kind === 'draft' ? this.#resume(email.id) : this.#respond(kind, email));

  readonly mailto = (href: string): void => void this.#keyboard.opened(writing()).then((begin) => composers.open(begin.start(this.#desk.mail, begin.fromMailto(href))));

  async popout(draft: Draft): Promise<void> {
    await draft.save();
    if (!draft.emailId) return;
    await draft.forgetHere();
    composers.close(draft);
    window.open(`/compose/${draft.emailId}`, '_blank', 'width=760,height=820');
  }

  readonly leavePage = (): void => {
    window.close();
    router.go({ at: 'mail', source: 'inbox', thread: null });
    this.page = null;
  };

  async #respond(kind: Exclude<Kind, 'draft'>, email: Email): Promise<void> {
    const { inlined } = this;
    const { mail } = this.#desk;
    if (inlined && inlined.fields.about?.emailId === email.id) return;
    try {
      const [begin, { quotedHtml }, detail] = await Promise.all([writing(), import('../action/quote.ts'), mail.bodies.get(email.id)]);
      const draft = begin.respond(mail, kind, email, await begin.ownParts(mail, detail), await quotedHtml(detail));
      draft.inline = !room.isPhone && kind !== 'forward';
      if (this.inlined) this.inlined.inline = false;
      composers.open(draft);
    } catch (error) {
      tell(error);
    }
  }

  async #resume(emailId: Id): Promise<void> {
    const draft = await (await writing()).resume(this.#desk.mail, emailId);
    if (composers.list.includes(draft)) draft.minimised = false;
    else composers.open(draft);
  }

  #newest(): Email | undefined {
    const { mail, thread } = this.#desk;
    const rows = thread ? mail.store.threadEmails(thread) : mail.cursor ? mail.emailsOf([mail.cursor]) : [];
    return rows.filter((email) => !('$draft' in email.keywords)).at(-1);
  }

  #answer(kind: Kind): void {
    const email = this.#newest();
    if (!email) return;
    const { mail, thread, open } = this.#desk;
    if (!thread) open(email.threadId, mail.cursor ?? email.id);
    this.respond(kind, email);
  }
}
