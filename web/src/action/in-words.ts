/** What went wrong, in the language on the screen: errors from the way to the server have no words of their own. */
import { Offline, SignedOut } from '../jmap/errors.ts';
import { t } from '../kit/i18n/index.svelte.ts';

export function inWords(error: unknown): string {
  if (error instanceof SignedOut) return t('signed_out');
  if (error instanceof Offline && !error.message) return t('pull.failed');
  return error instanceof Error ? error.message : String(error);
}
