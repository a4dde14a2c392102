/** What somebody wants to be told of, as settings keep it. */
export interface NotifyRules {
  /** Of the inbox: every message, people (nobody who writes by machine), or those of `vips` alone. */
  mail: 'all' | 'people' | 'vip';
  /** Addresses, or `@domain`, in lower case. */
  vips: string[];
  /** Ids of further mailboxes of which everything is told. */
  folders: string[];
  quiet: { on: boolean; from: string; to: string; weekend: boolean; vips: boolean };
  sound: boolean;
}

export const noRules: NotifyRules = { mail: 'people', vips: [], folders: [], quiet: { on: false, from: '22:00', to: '07:00', weekend: false, vips: true }, sound: false };

const isStrings = (value: unknown): boolean => Array.isArray(value) && value.length <= 500 && value.every((one) => typeof one === 'string');
const isTime = (value: unknown): boolean => typeof value === 'string' && /^(?:[01]\d|2[0-3]):[0-5]\d$/.test(value);

export function isRules(value: unknown): boolean {
  const one = value as Partial<NotifyRules> | null;
  const quiet = one?.quiet as Partial<NotifyRules['quiet']> | undefined;
  return (
    typeof one === 'object' && one !== null && ['all', 'people', 'vip'].includes(one.mail as string) && isStrings(one.vips) && isStrings(one.folders) && typeof one.sound === 'boolean' &&
    typeof quiet === 'object' && quiet !== null && typeof quiet.on === 'boolean' && isTime(quiet.from) && isTime(quiet.to) && typeof quiet.weekend === 'boolean' && typeof quiet.vips === 'boolean'
  );
}
