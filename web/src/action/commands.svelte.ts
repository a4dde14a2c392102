/**
 * The one registry of what can be done. Menus, toolbar, palette, keys and the sheet of keys all read it, so nothing can be
 * done in one place only, and nothing stands anywhere that cannot be done.
 */
import { untrack } from 'svelte';
import { SvelteMap } from 'svelte/reactivity';
import { type Key, t } from '../kit/i18n/index.svelte.ts';
import type { IconName } from '../kit/icons.ts';
import { type Bindings, bindingsOf } from '../kit/keys.ts';
import { session } from './session.svelte.ts';

export type Group = 'mail' | 'thread' | 'select' | 'list' | 'compose' | 'go' | 'layout' | 'app';

export interface Command {
  id: string;
  title: Key;
  /** What fills the title. */
  values?: Record<string, string>;
  group: Group;
  icon?: IconName;
  /** True when it can be done now. A command that cannot is not shown. */
  when?: () => boolean;
  /** Why it cannot be done, where that is to be said: it is shown, but does nothing. */
  barred?: () => string | null;
  run: () => void;
  /** Left out of the palette: it moves a cursor that the palette has taken away. */
  hidden?: boolean;
}

/** Told on the window: which commands there are, and which are carried out. The flows see by it that none is without effect. */
function tell(what: 'added' | 'ran', id: string): void {
  window.dispatchEvent(new CustomEvent('mailstead:command', { detail: { what, id } }));
}

class Registry {
  readonly #commands = new SvelteMap<string, Command>();

  /** Add commands until the returned function is called. Reads nothing reactively, so effects may call it. */
  add(...commands: Command[]): () => void {
    untrack(() => {
      for (const command of commands) {
        this.#commands.set(command.id, command);
        tell('added', command.id);
      }
    });
    return () =>
      untrack(() => {
        for (const command of commands) if (this.#commands.get(command.id) === command) this.#commands.delete(command.id);
      });
  }

  get(id: string): Command | undefined {
    return this.#commands.get(id);
  }

  all(): Command[] {
    return [...this.#commands.values()];
  }

  possible(): Command[] {
    return this.all().filter((command) => command.when?.() ?? true);
  }

  /** Do it, if it can be done. The one way in which anything does. */
  run(id: string): boolean {
    const command = this.#commands.get(id);
    if (!command || !(command.when?.() ?? true)) return false;
    const why = command.barred?.();
    if (why) {
      session.toast({ text: why });
      return true;
    }
    tell('ran', id);
    command.run();
    return true;
  }
}

export const commands = new Registry();

/** What a command is called. */
export function nameOf({ title, values }: Pick<Command, 'title' | 'values'>): string {
  return t(title, values);
}

export function bindings(): Bindings {
  const { keyPreset, ownKeys, singleKeys } = session.settings.values;
  return bindingsOf(keyPreset, ownKeys, singleKeys);
}

/** The words beside what shows a command: why it cannot be done, else these. */
export const said = (command: Command | undefined, words: string | null = null): string | null => command?.barred?.() ?? words;

/** For `aria-disabled` of what shows a command. */
export const off = (command: Command | undefined): 'true' | null => (command?.barred?.() ? 'true' : null);

/** The first key of a command, to show beside its name. */
export function keyOf(id: string): string | undefined {
  return bindings()[id]?.[0];
}
