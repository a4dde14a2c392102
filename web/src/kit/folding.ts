/** The form in which words are compared when somebody looks for them: case, Unicode form and accents make no difference, as on the server (`mailstead.model.folding`). */

/** Accents of Latin, Greek and Cyrillic, points of Hebrew, vowels and hamzas of Arabic: in other scripts such signs are letters. */
const accents = /[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670]+/g;
const foreign = /[^\0-\x7f]/;

export function folded(text: string): string {
  if (!foreign.test(text)) return text.toLowerCase();
  return text.normalize('NFKD').replace(accents, '').normalize('NFC').toLowerCase().toUpperCase().toLowerCase().replaceAll('ς', 'σ');
}
