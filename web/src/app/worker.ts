/** The service worker: registered once the page has its mail, so that it never delays a first visit. */
import { session } from '../action/session.svelte.ts';
import { t } from '../kit/i18n/index.svelte.ts';

type Policy = { createScriptURL: (url: string) => string };

export async function install(): Promise<void> {
  if (!('serviceWorker' in navigator) || import.meta.env.DEV) return;
  const factory = (globalThis as { trustedTypes?: { createPolicy: (name: string, rules: Policy) => Policy } }).trustedTypes;
  const url = factory ? factory.createPolicy('mailstead', { createScriptURL: (text) => text }).createScriptURL('/sw.js') : '/sw.js';
  let registration: ServiceWorkerRegistration;
  try {
    registration = await navigator.serviceWorker.register(url, { scope: '/' });
  } catch {
    // A browser that keeps nothing: the client works, but only with a network.
    return;
  }
  const offer = (): void => {
    const waiting = registration.waiting;
    // The first worker of all replaces nobody.
    if (!waiting || !navigator.serviceWorker.controller) return;
    session.toast(
      {
        text: t('update.ready'),
        action: {
          label: t('update.do'),
          run: () => {
            navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
            waiting.postMessage('activate');
          },
        },
      },
      60_000,
    );
  };
  offer();
  registration.addEventListener('updatefound', () => registration.installing?.addEventListener('statechange', offer));
}
