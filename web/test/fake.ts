/** A client that answers from a table; `asked` hears the names of the methods. What is not in the table fails. */
import type { Client } from '../src/jmap/client.ts';

export type Answers = Record<string, (args: Record<string, unknown>) => unknown>;

export function fakeClient(answers: Answers, asked: string[]): Client {
  return {
    has: () => false,
    maxObjectsInGet: 500,
    maxObjectsInSet: 500,
    call: (name: string, args: Record<string, unknown>) => {
      asked.push(name);
      const answer = answers[name];
      return Object.assign(answer ? Promise.resolve(answer(args)) : Promise.reject(new Error(name)), { ref: () => ({}) });
    },
  } as unknown as Client;
}
