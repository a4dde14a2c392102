/** Remote pictures through the server's proxy: the sender learns neither who looked nor from where nor when. */
import { ask } from '../jmap/http.ts';

const signed = new Map<string, string>();
const MOST_SIGNED = 2000;

/** Each address as the proxy's signed address. Unsupported or refused ones are left out. */
export async function proxied(urls: string[]): Promise<Map<string, string>> {
  const unknown = [...new Set(urls)].filter((url) => !signed.has(url)).slice(0, 500);
  if (unknown.length) {
    if (signed.size > MOST_SIGNED) for (const url of signed.keys()) if (!urls.includes(url)) signed.delete(url);
    const body: unknown = await (await ask('/api/image-urls', { json: { urls: unknown } })).json();
    const answers = (body as { urls?: unknown }).urls ?? body;
    if (Array.isArray(answers)) {
      unknown.forEach((url, index) => {
        const answer: unknown = answers[index];
        if (typeof answer === 'string') signed.set(url, answer);
      });
    } else if (typeof answers === 'object' && answers !== null) {
      for (const [url, answer] of Object.entries(answers)) if (typeof answer === 'string') signed.set(url, answer);
    }
  }
  const out = new Map<string, string>();
  for (const url of urls) {
    const address = signed.get(url);
    if (address) out.set(url, new URL(address, location.origin).href);
  }
  return out;
}
