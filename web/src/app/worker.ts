/** The service worker: registered once the page has its mail, so that it never delays a first visit. */
import { session } from '../action/session.svelte.ts';
import { t } from '../kit/i18n/index.svelte.ts';
import { scriptUrl } from '../kit/trusted.ts';

export async function install(): Promise<void> {
  if (!('serviceWorker' in navigator) || import.meta.env.DEV) return;
  let registration: ServiceWorkerRegistration | undefined;
  try {
    registration = await navigator.serviceWorker.register(scriptUrl('/sw.js'), { scope: '/' });
  } catch {
    // A browser that keeps nothing: the client works, but only with a network.
  }
  if (!registration) return;
  const worker = registration;
  const offer = (): void => {
    const { waiting } = worker;
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
  worker.addEventListener('updatefound', () => worker.installing?.addEventListener('statechange', offer));
}
