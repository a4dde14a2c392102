/** Why the server did not send, as people say it. What it answers itself is for whoever looks after it, and stands behind. */
import { t } from '../kit/i18n/index.svelte.ts';

interface SetError {
  type: string;
  description?: string | null;
  properties?: string[] | null;
}

/** The server has no way out of its own domains (`service/sending.py`): nobody who writes can change that. */
const NO_WAY_OUT = /no \[outbound\] smarthost/;

export function whyNot({ type, description, properties }: SetError): string {
  const why = description || (properties?.length ? `${type}: ${properties.join(', ')}` : type);
  return NO_WAY_OUT.test(why) ? t('compose.no_way_out', { why }) : why;
}
