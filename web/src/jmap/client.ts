/**
 * Requests of RFC 8620: calls made in the same turn of the event loop travel as one request, in order, and may refer to
 * each other's results (§3.7). A call that fails rejects alone; the others keep their answers (§3.6.2).
 */
import { Refused } from './errors.ts';
import { ask } from './http.ts';
import type { Id, Session } from './types.ts';
import { CONTACTS, CORE, PLUS } from './types.ts';

/** A result reference (RFC 8620 §3.7): `path` into the answer of an earlier call of the same request. */
export interface Reference {
  resultOf: string;
  name: string;
  path: string;
}

interface Pending {
  name: string;
  args: Record<string, unknown>;
  id: string;
  using: string[];
  resolve: (value: never) => void;
  reject: (reason: unknown) => void;
}

/** A promise of an answer that later calls of the same request can refer to. */
export interface Call<T> extends Promise<T> {
  ref: (path: string) => Reference;
}

export type MethodResponse = [name: string, args: Record<string, unknown>, id: string];

const namespaces: [RegExp, string][] = [
  [/^(Mailbox|Thread|Email|SearchSnippet)\//, 'urn:ietf:params:jmap:mail'],
  [/^(Identity|EmailSubmission)\//, 'urn:ietf:params:jmap:submission'],
  [/^VacationResponse\//, 'urn:ietf:params:jmap:vacationresponse'],
  [/^MDN\//, 'urn:ietf:params:jmap:mdn'],
  [/^Quota\//, 'urn:ietf:params:jmap:quota'],
  [/^Blob\//, 'urn:ietf:params:jmap:blob'],
  [/^ContactCard\//, CONTACTS],
  [/^(ClientSettings|SavedSearch|Reminder|Note|Job|Undo|SenderProfile|Suggestion|Rule|Category|CategoryFeedback)\//, 'urn:mailstead:params:jmap:plus'],
];

/** Moments, in the order in which they came: when each request left that is under way, and when that of an answer did. */
let moments = 0;
const underWay = new Set<number>();
const asked = new WeakMap<object, number>();

export const moment = (): number => ++moments;
/** When an answer was asked for; what came from nowhere else knows all there is. */
export const askedAt = (answer: object): number => asked.get(answer) ?? Infinity;
/** Whatever was asked for before this has been answered. */
export const answeredUntil = (): number => Math.min(moments, ...underWay);

export class Client {
  #queue: Pending[] = [];
  #next = 0;

  readonly #others = new Map<Id, Client>();
  /** Told when the server says that the session object is another one by now: what is shared with its owner has changed. */
  onStale: (() => void) | undefined;

  constructor(
    public session: Session,
    readonly accountId: Id,
  ) {}

  /** The same for an account that somebody shares. */
  of(accountId: Id): Client {
    let found = this.#others.get(accountId);
    if (found?.session !== this.session) {
      this.#others.set(accountId, (found = new Client(this.session, accountId)));
      found.onStale = () => this.onStale?.();
    }
    return found;
  }

  /** The account's own limits of a capability, or undefined where it is not there. */
  capability(urn: string): Record<string, unknown> | undefined {
    return this.session.accounts[this.accountId]?.accountCapabilities[urn];
  }

  has(urn: string): boolean {
    return this.capability(urn) !== undefined;
  }

  get maxObjectsInGet(): number {
    return Number(this.session.capabilities[CORE]?.['maxObjectsInGet'] ?? 500);
  }

  get maxObjectsInSet(): number {
    return Number(this.session.capabilities[CORE]?.['maxObjectsInSet'] ?? 500);
  }

  get maxCallsInRequest(): number {
    return Number(this.session.capabilities[CORE]?.['maxCallsInRequest'] ?? 16);
  }

  /** Call a method with this account's id. Arguments whose name begins with `#` take a `Reference`. `also`: capabilities that it uses beside its own. */
  call<T>(name: string, args: Record<string, unknown> = {}, also: readonly string[] = []): Call<T> {
    const id = `c${this.#next++}`;
    const using = [CORE, ...also, ...namespaces.filter(([pattern]) => pattern.test(name)).map(([, urn]) => urn)];
    if (name.startsWith('Email/') && PLUS in this.session.capabilities) using.push(PLUS);
    const promise = new Promise<T>((resolve, reject) => {
      if (this.#queue.length === 0) queueMicrotask(() => void this.#flush());
      this.#queue.push({ name, args: { accountId: this.accountId, ...args }, id, using, resolve: resolve as (value: never) => void, reject });
    }) as Call<T>;
    promise.ref = (path) => ({ resultOf: id, name, path });
    return promise;
  }

  async #flush(): Promise<void> {
    const queue = this.#queue;
    this.#queue = [];
    for (const batch of batches(queue, this.maxCallsInRequest)) await this.#post(batch);
  }

  async #post(batch: Pending[]): Promise<void> {
    const using = [...new Set(batch.flatMap((call) => call.using))];
    const left = moment();
    underWay.add(left);
    try {
      const response = await ask(this.session.apiUrl, {
        json: { using, methodCalls: batch.map(({ name, args, id }) => [name, args, id]) },
      });
      const body = (await response.json()) as { methodResponses: MethodResponse[]; sessionState?: string };
      if (body.sessionState && body.sessionState !== this.session.state) this.onStale?.();
      const answers = new Map<string, MethodResponse>();
      // One call may bring several answers (Email/set after EmailSubmission/set); the first of its own name counts.
      for (const answer of body.methodResponses) {
        const call = batch.find(({ id }) => id === answer[2]);
        if (call && !answers.has(answer[2]) && (answer[0] === call.name || answer[0] === 'error')) answers.set(answer[2], answer);
      }
      for (const call of batch) {
        const answer = answers.get(call.id);
        if (!answer) call.reject(new Refused('serverFail', `The server did not answer ${call.name}.`, 500));
        else if (answer[0] === 'error') call.reject(new Refused(String(answer[1]['type']), String(answer[1]['description'] ?? answer[1]['type'])));
        else {
          asked.set(answer[1], left);
          call.resolve(answer[1] as never);
        }
      }
    } catch (error) {
      for (const call of batch) call.reject(error);
    } finally {
      // Those who asked have taken it by then.
      setTimeout(() => underWay.delete(left));
    }
  }
}

/** Cut a queue into requests of at most `size` calls, never between a call and one that refers to it. */
export function batches<T extends { args: Record<string, unknown>; id: string }>(queue: T[], size: number): T[][] {
  const out: T[][] = [];
  let batch: T[] = [];
  let groups: T[] = [];
  const refersTo = (call: T, earlier: T[]): boolean =>
    Object.entries(call.args).some(([name, value]) => name.startsWith('#') && earlier.some(({ id }) => id === (value as Reference).resultOf));
  const close = (): void => {
    if (batch.length + groups.length > size && batch.length) {
      out.push(batch);
      batch = [];
    }
    batch.push(...groups);
    groups = [];
  };
  for (const call of queue) {
    if (groups.length && !refersTo(call, groups)) close();
    groups.push(call);
  }
  close();
  if (batch.length) out.push(batch);
  return out;
}
