/** A search on its way to the thread that has the rows. */
import type { World } from '../kit/search-filter.ts';
import type { Term } from '../kit/search.ts';

/** The words of a question as the account understands them, ready to travel to another thread. */
export interface Question {
  terms: Term[];
  /** What `in:` and `label:` name, by operator and value; null where nothing is called so. */
  names: Record<string, string | null>;
  hidden: string[];
  me?: readonly string[];
  everywhere: boolean;
  collapse: boolean;
  /** Whose mail, where it is not one's own. */
  account?: string;
}

/** A question without functions in it. */
export function question(terms: Term[], world: World, everywhere: boolean, collapse: boolean, account?: string): Question {
  const names: Record<string, string | null> = {};
  for (const { op, value } of terms) if (op === 'in' || op === 'label') names[`${op}:${value}`] = op === 'in' ? world.mailbox(value) : world.label(value);
  return { terms: terms.map(({ op, value, not }) => ({ op, value, not })), names, hidden: [...world.hidden], ...(world.me ? { me: [...world.me] } : {}), everywhere, collapse, ...(account ? { account } : {}) };
}
