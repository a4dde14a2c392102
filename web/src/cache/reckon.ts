/**
 * What a deed makes of a number that only the server knows: how many conversations a filter finds.
 *
 * A deed changes keywords and mailboxes, and those this device knows; what else a filter asks for (the whole text, a header, a note) it may not. Each such
 * question is answered both ways, one after the other: where the number changes by the same in each of these worlds, it is known by how much. Pure.
 */
import type { Email, Filter, Id } from '../jmap/types.ts';
import { haystack } from '../kit/matching.ts';
import { matcherOf } from './rows.ts';

/** So many worlds are looked at; behind them nobody knows. */
const MOST_WORLDS = 64;

/** A conversation at one time. */
interface Moment {
  name: string;
  members: readonly Email[];
  /** Some of it is not here. */
  torn: boolean;
  /** What cannot be known here, in this world. */
  ask: (what: string) => boolean;
}
type Test = (email: Email, at: Moment) => boolean;

/** What an email on this device settles by itself. */
const known = new Set(['inMailbox', 'inMailboxOtherThan', 'hasKeyword', 'notKeyword', 'after', 'before', 'hasAttachment', 'minSize', 'maxSize', 'from', 'to', 'subject']);
/** What is found in its preview is there; what is not may stand further down. */
const partly = new Set(['text', 'body']);
/** What no deed upon emails changes. */
const lasting = new Set(['cc', 'bcc', 'header', 'attachmentName', 'note']);

function tested(filter: Filter): Test {
  if ('operator' in filter && Array.isArray(filter['conditions'])) {
    const each = (filter['conditions'] as Filter[]).map(tested);
    if (filter['operator'] === 'AND') return (email, at) => each.every((test) => test(email, at));
    if (filter['operator'] === 'OR') return (email, at) => each.some((test) => test(email, at));
    return (email, at) => !each.some((test) => test(email, at));
  }
  const each = Object.entries(filter).filter(([, value]) => value !== null).map(([name, value]) => condition(name, value));
  return (email, at) => each.every((test) => test(email, at));
}

function condition(name: string, value: unknown): Test {
  const what = `${name} ${JSON.stringify(value)}`;
  const has = (email: Email): boolean => String(value) in email.keywords;
  const elsewhere = ({ torn, ask }: Moment): boolean => torn && ask(what);
  switch (name) {
    case 'someInThread': {
      const test = tested(value as Filter);
      return (_, at) => at.members.some((email) => test(email, at)) || elsewhere(at);
    }
    case 'someInThreadHaveKeyword':
      return (_, at) => at.members.some(has) || elsewhere(at);
    case 'noneInThreadHaveKeyword':
      return (_, at) => !(at.members.some(has) || elsewhere(at));
    case 'allInThreadHaveKeyword':
      return (_, at) => at.members.every(has) && !elsewhere(at);
  }
  if (known.has(name) || partly.has(name)) {
    const test = matcherOf({ [name]: value });
    const words = !/^(?:in|has|not|min|max|after|before)/.test(name);
    return (email, { ask }) => test(words ? { ...email, text: haystack(email) } : email) || (partly.has(name) && ask(`${email.id} ${what}`));
  }
  return (email, { ask, name: when }) => ask(`${lasting.has(name) ? '' : when} ${email.id} ${what}`);
}

export interface Change {
  then: readonly Email[];
  now: readonly Email[];
  torn: boolean;
  /** The server has said that some of the conversation was found. */
  listed: boolean;
}

/** By how much the number of conversations that `filter` finds is another now, of those with something unread in what is found where `unread`; 0 where this device cannot know. */
export function reckoner(filter: Filter, unread: boolean): (change: Change) => number {
  const finds = tested(filter);
  const counts: Test = (email, at) => (!unread || !('$seen' in email.keywords)) && finds(email, at);
  return ({ then, now, torn, listed }) => {
    const found = new Set<number>();
    let world: boolean[] = [];
    for (let n = 0; n < MOST_WORLDS; n++) {
      const places = new Map<string, number>();
      const ask = (what: string): boolean => {
        const at = places.get(what) ?? places.size;
        places.set(what, at);
        return (world[at] ??= false);
      };
      const at = (name: string, members: readonly Email[]): Moment => ({ name, members, torn, ask });
      const [before, after] = [at('then', then), at('now', now)];
      if (!listed || then.some((email) => finds(email, before)) || (torn && ask('found'))) {
        const other = torn && ask('counted');
        const counted = (moment: Moment): number => Number(other || moment.members.some((email) => counts(email, moment)));
        found.add(counted(after) - counted(before));
      }
      if (found.size > 1) return 0;
      // The next one: the last question that was answered with no is answered with yes.
      world = world.slice(0, places.size);
      while (world.at(-1)) world.pop();
      if (!world.length) return [...found][0] ?? 0;
      world[world.length - 1] = true;
    }
    return 0;
  };
}

/** Whether what a list shows is all found by a smart folder. */
export function isWithin(filter: Filter | null, id: Id): boolean {
  if (!filter) return false;
  if ('operator' in filter && Array.isArray(filter['conditions'])) return filter['operator'] === 'AND' && (filter['conditions'] as Filter[]).some((one) => isWithin(one, id));
  return (filter as Record<string, unknown>)['inSavedSearch'] === id;
}
