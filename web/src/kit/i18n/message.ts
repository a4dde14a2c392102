/**
 * The part of ICU MessageFormat that a user interface needs: `{name}`, `{n, plural, =0 {…} one {…} other {# …}}`,
 * `{x, select, a {…} other {…}}`, nested. A message is parsed once.
 */
export type Values = Record<string, string | number>;
type Node = string | { name: string } | { name: string; kind: 'plural' | 'select'; cases: Map<string, Node[]> } | { hash: true };

export function parse(source: string): Node[] {
  let at = 0;
  const nodes = (inPlural: boolean, nested: boolean): Node[] => {
    const out: Node[] = [];
    let text = '';
    const flush = (): void => {
      if (text) out.push(text);
      text = '';
    };
    while (at < source.length) {
      const character = source[at] as string;
      if (character === '{') {
        flush();
        out.push(argument(inPlural));
      } else if (character === '}' && nested) break;
      else if (character === '#' && inPlural) {
        flush();
        out.push({ hash: true });
        at++;
      } else {
        text += character;
        at++;
      }
    }
    flush();
    return out;
  };
  const argument = (inPlural: boolean): Node => {
    at++;
    const name = word(/[^,}\s]/);
    if (source[at] === '}') {
      at++;
      return { name };
    }
    expect(',');
    const kind = word(/[a-z]/);
    if (kind !== 'plural' && kind !== 'select') throw new SyntaxError(`${kind} in “${source}”`);
    expect(',');
    const cases = new Map<string, Node[]>();
    for (;;) {
      space();
      if (source[at] === '}') break;
      const key = word(/[^\s{]/);
      expect('{');
      cases.set(key, nodes(inPlural || kind === 'plural', true));
      expect('}');
    }
    at++;
    if (!cases.has('other')) throw new SyntaxError(`no “other” in “${source}”`);
    return { name, kind, cases };
  };
  const space = (): void => {
    while (/\s/.test(source[at] ?? '')) at++;
  };
  const word = (allowed: RegExp): string => {
    space();
    let out = '';
    while (at < source.length && allowed.test(source[at] as string)) out += source[at++];
    space();
    if (!out) throw new SyntaxError(`a name is missing at ${at} in “${source}”`);
    return out;
  };
  const expect = (character: string): void => {
    space();
    if (source[at] !== character) throw new SyntaxError(`“${character}” is missing at ${at} in “${source}”`);
    at++;
  };
  return nodes(false, false);
}

/** Languages in which whole numbers below a thousand are written as they are here, and of which 1 alone is singular: the most usual ones need nothing to be made, which takes its time. */
const PLAIN = /^(?:en|de)(?:-[A-Z]{2})?$/;
const isSmall = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0 && (value as number) < 1000;

export class Formatter {
  readonly #parsed = new Map<string, Node[]>();
  // Made when they are first needed: each takes its time, and the first screen is there before it counts.
  #plural: Intl.PluralRules | undefined;
  #number: Intl.NumberFormat | undefined;

  readonly #isPlain: boolean;

  constructor(readonly locale: string) {
    this.#isPlain = PLAIN.test(locale);
  }

  format(source: string, values: Values = {}): string {
    if (!source.includes('{')) return source;
    let nodes = this.#parsed.get(source);
    if (!nodes) {
      nodes = parse(source);
      this.#parsed.set(source, nodes);
    }
    return this.#render(nodes, values, undefined);
  }

  number(value: number): string {
    if (this.#isPlain && isSmall(value)) return `${value}`;
    return (this.#number ??= new Intl.NumberFormat(this.locale)).format(value);
  }

  #pluralOf(value: number): string {
    if (this.#isPlain && isSmall(value)) return value === 1 ? 'one' : 'other';
    return (this.#plural ??= new Intl.PluralRules(this.locale)).select(value);
  }

  #render(nodes: Node[], values: Values, hash: number | undefined): string {
    let out = '';
    for (const node of nodes) {
      if (typeof node === 'string') out += node;
      else if ('hash' in node) out += hash === undefined ? '#' : this.number(hash);
      else if ('cases' in node) {
        const value = values[node.name];
        const plural = node.kind === 'plural';
        const key = plural ? (node.cases.has(`=${value}`) ? `=${value}` : this.#pluralOf(Number(value))) : String(value);
        out += this.#render(node.cases.get(key) ?? node.cases.get('other') ?? [], values, plural ? Number(value) : hash);
      } else {
        const value = values[node.name];
        out += typeof value === 'number' ? this.number(value) : (value ?? `{${node.name}}`);
      }
    }
    return out;
  }
}
