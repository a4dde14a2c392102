/** What is typed into the search field, as terms. Operators are English words that every mail program's users know; a minus in front says “not”. */
export type Operator = 'text' | 'from' | 'to' | 'subject' | 'body' | 'note' | 'has' | 'is' | 'in' | 'label' | 'filename' | 'before' | 'after' | 'larger' | 'smaller';

export interface Term {
  op: Operator;
  value: string;
  not: boolean;
}

const operators = new Set<string>(['from', 'to', 'subject', 'body', 'note', 'has', 'is', 'in', 'label', 'filename', 'before', 'after', 'larger', 'smaller']);
const aliases: Record<string, Operator> = { cc: 'to', since: 'after', newer: 'after', older: 'before', size: 'larger', tag: 'label', folder: 'in', file: 'filename', attachment: 'filename' };

export function parse(text: string): Term[] {
  const out: Term[] = [];
  for (const match of text.matchAll(/(-?)(?:([a-z]+):)?(?:"([^"]*)"?|([^\s"]+))/gi)) {
    const [, minus, name, quoted, plain] = match;
    const value = (quoted ?? plain ?? '').trim();
    const key = name?.toLowerCase() ?? '';
    const op = operators.has(key) ? (key as Operator) : aliases[key];
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
