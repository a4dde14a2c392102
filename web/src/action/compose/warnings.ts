/** What is worth a line before sending. */
import { t } from '../../kit/i18n/index.svelte.ts';
import { domainOf, sameAddress } from '../../kit/mail.ts';
import { unfilled } from '../template.ts';
import { usualSender } from '../people.ts';
import { session } from '../session.svelte.ts';
import type { Draft } from './draft.svelte.ts';
import { ownText } from './own-text.ts';

const attachWords = /\b(attach(?:ed|ment|ments|ing)?|enclosed|anhang|anbei|angehängt|beigefügt|anlage)\b|مرفق|المرفقات/iu;

export interface Warning {
  kind: 'forgot' | 'domain' | 'self' | 'identity' | 'many' | 'field';
  text: string;
  action?: { label: string; run: () => void };
  /** What waving it through is called. */
  wave: string;
}

/** What is worth a line before sending. None of them forbids it. */
export function warnings(draft: Draft): Warning[] {
  const out: Warning[] = [];
  const values = session.settings.values;
  const { fields } = draft;
  const own = ownText(fields.html, fields.rich, draft.identity);
  // The subject of an answer is somebody else's.
  const word = attachWords.exec(fields.about ? own : `${fields.subject}\n${own}`)?.[0];
  if (values.attachmentCheck && word && !fields.attachments.some((file) => !file.cid)) out.push({ kind: 'forgot', text: t('compose.forgot', { word }), wave: t('compose.forgot_send') });
  const field = unfilled(`${fields.subject}\n${own}`);
  if (field) out.push({ kind: 'field', text: t('compose.unfilled', { field }), wave: t('compose.keep') });
  if (values.domainCheck && draft.known.length) {
    const domains = new Set(draft.known.map(domainOf));
    const fresh = draft.recipients.find((address) => !domains.has(domainOf(address.email)) && !draft.known.includes(address.email.toLowerCase()));
    if (fresh) out.push({ kind: 'domain', text: t('compose.new_domain', { address: fresh.email, domain: domainOf(fresh.email) }), wave: t('compose.keep') });
  }
  if (draft.answeredAs && draft.identity && !sameAddress(draft.answeredAs, draft.identity.email)) {
    const usual = draft.mail.store.identities.find((identity) => sameAddress(identity.email, draft.answeredAs ?? ''));
    if (usual) out.push({ kind: 'identity', text: t('compose.wrong_identity', { address: usual.email }), action: { label: t('compose.use'), run: () => draft.writeAs(usual.id) }, wave: t('compose.keep') });
  } else if (!draft.answeredAs && draft.identity) {
    for (const { email } of draft.recipients) {
      const found = usualSender(draft.mail, email);
      const usual = found && draft.mail.store.identities.find((identity) => sameAddress(identity.email, found.as));
      if (!found || !usual || sameAddress(usual.email, draft.identity.email)) continue;
      out.push({ kind: 'identity', text: t('compose.odd_identity', { to: found.of, address: usual.email }), action: { label: t('compose.use'), run: () => draft.writeAs(usual.id) }, wave: t('compose.keep') });
      break;
    }
  }
  if (fields.to.length + fields.cc.length > 15) {
    const n = fields.to.length + fields.cc.length;
    out.push({
      kind: 'many',
      text: t('compose.many_to', { n }),
      action: {
        label: t('compose.to_bcc'),
        run: () => {
          fields.bcc = [...fields.bcc, ...fields.to, ...fields.cc];
          fields.to = [];
          fields.cc = [];
          draft.touch();
        },
      },
      wave: t('compose.keep'),
    });
  }
  return out.filter((warning) => !draft.waved[warning.kind]);
}
