/**
 * What the browser loads the first time that it says a date or a number in a language serves all threads of its process and takes
 * as long as half a list. Here nobody waits for it. The worker's name is the language.
 */
const { name } = self;
new Intl.DateTimeFormat(name, { hour: '2-digit', minute: '2-digit' }).format(0);
new Intl.NumberFormat(name).format(1);
new Intl.PluralRules(name).select(1);
self.postMessage(null);
self.close();

export {};
