/** What is typed into the search field, as terms. Operators are English words that every mail program's users know; a minus in front says “not”. */
export type Operator = 'text' | 'from' | 'to' | 'subject' | 'body' | 'note' | 'has' | 'is' | 'in' | 'label' | 'filename' | 'before' | 'after' | 'larger' | 'smaller';

export interface Term {
  op: Operator;
  value: string;
  not: boolean;
}

const operators = new Set<string>(['from', 'to', 'subject', 'body', 'note', 'has', 'is', 'in', 'label', 'filename', 'before', 'after', 'larger', 'smaller']);
const aliases: Record<string, Operator> = { cc: 'to', since: 'after', newer: 'after', newer_than: 'after', older: 'before', older_than: 'before', size: 'larger', tag: 'label', folder: 'in', file: 'filename', attachment: 'filename' };

function operatorOf(name: string): Operator | undefined {
  const key = name.toLowerCase();
  return operators.has(key) ? (key as Operator) : aliases[key];
}

export function parse(text: string): Term[] {
  const out: Term[] = [];
  // An operator may stand apart from its word, as in `from: ben`; one that still waits for its word asks for nothing.
  const near = text.replace(/(^|\s)(-?)([a-z_]+):(?:\s+|$)/gi, (all, before: string, minus: string, name: string) => (operatorOf(name) ? `${before}${minus}${name}:` : all));
  for (const match of near.matchAll(/(-?)(?:([a-z_]+):)?(?:"([^"]*)"?|([^\s"]+))/gi)) {
    const [, minus, name, quoted, plain] = match;
    if (plain?.endsWith(':') && operatorOf(plain.slice(0, -1))) continue;
    const value = (quoted ?? plain ?? '').trim();
    const op = operatorOf(name ?? '');
    if (op) {
      if (value) out.push({ op, value, not: minus === '-' });
    } else {
      const whole = name ? `${name}:${value}` : value;
      if (whole) out.push({ op: 'text', value: whole, not: minus === '-' });
    }
  }
  return out;
}

/** Each filter once: whoever asks twice for the same means it once. */
export function once(terms: Term[]): Term[] {
  const seen = new Set<string>();
  return terms.filter(({ op, value, not }) => {
    const key = `${not} ${op} ${value.toLowerCase()}`;
    return !seen.has(key) && seen.add(key);
  });
}

export function format(terms: Term[]): string {
  return terms.map(({ op, value, not }) => `${not ? '-' : ''}${op === 'text' ? '' : `${op}:`}${/[\s"]/.test(value) ? `"${value.replaceAll('"', '')}"` : value}`).join(' ');
}
