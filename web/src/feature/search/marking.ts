/**
 * Found words are painted where they stand in the page: as a highlight of its own (CSS Custom Highlight API, Level 1), so that no row is made otherwise than
 * in any other list, and what one types moves nothing.
 */
import { type Field, type Said, type Span, stands } from '../../kit/found.ts';
import type { Term } from '../../kit/search.ts';

const NAME = 'found';
/** What is looked through as one, and what in it says what. */
const places: readonly [one: string, texts: readonly (readonly [field: Field, where: string])[]][] = [
  ['.row:not(.is-blank), .trow:not(.is-blank)', [['from', '.l1 .from, .from .cut'], ['subject', '.subj'], ['preview', '.l3, .prev']]],
  ['.reader-pane', [['subject', '.thread-h h1'], ['from', '.msg .who'], ['preview', '.msg-line .snip'], ['file', '.att .name']]],
];

/** Paint the words of these terms, also in what comes; gives back how to end it. */
export function marking(terms: readonly Term[]): () => void {
  // A browser that cannot do it finds the same.
  const highlights = globalThis.CSS?.highlights;
  if (!highlights) return () => undefined;
  const paint = (): void => {
    const found: StaticRange[] = [];
    for (const [one, parts] of places) {
      for (const element of document.querySelectorAll(one)) {
        const nodes: Text[] = [];
        const said: Said[] = [];
        for (const [field, where] of parts) {
          for (const { firstChild } of element.querySelectorAll(where)) {
            if (!(firstChild instanceof Text)) continue;
            nodes.push(firstChild);
            said.push([field, firstChild.data]);
          }
        }
        for (const term of terms) stands(term, said)?.forEach((spans, at) => spans.forEach((span) => found.push(rangeOf(nodes[at] as Text, span))));
      }
    }
    highlights.set(NAME, new Highlight(...found));
  };
  const observer = new MutationObserver(paint);
  observer.observe(document.body, { subtree: true, childList: true, characterData: true });
  paint();
  return () => {
    observer.disconnect();
    highlights.delete(NAME);
  };
}

const rangeOf = (node: Text, [startOffset, endOffset]: Span): StaticRange => new StaticRange({ startContainer: node, startOffset, endContainer: node, endOffset });
