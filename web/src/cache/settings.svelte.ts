/**
 * The user's choices. Most follow the user (`ClientSettings` on the server, where it has it); a few belong to the screen in
 * front of them and stay here. Without the server's type all stay here. Each value is checked when it comes in: an unknown or
 * broken one is the default.
 */
import type { Client } from '../jmap/client.ts';
import { Refused } from '../jmap/errors.ts';
import { type ChangesResponse, type GetResponse, PLUS } from '../jmap/types.ts';
import { type Language, languages, preferred } from '../kit/i18n/index.svelte.ts';
import type { Bindings, KeyPreset } from '../kit/keys.ts';
import { keyPresets } from '../kit/keys.ts';
import { type NotifyRules, isRules, noRules } from '../kit/notify-rules.ts';
import { type Layout, type Preset, checked, count, isPreset, presets, splitInto } from '../kit/layout.ts';

export interface Label {
  keyword: string;
  name: string;
  hue: string;
  /** Not in the sidebar. */
  hidden?: boolean;
}

export interface Template {
  id: string;
  name: string;
  subject: string;
  text: string;
}

export interface SavedLayout {
  name: string;
  preset: Preset;
  density: 'comfortable' | 'regular' | 'compact';
  layout: Layout;
  /** Of a split inbox. */
  sections?: string[];
}

/** A split inbox has so many sections. */
export const SECTIONS = { least: 2, most: 4 };

export interface Values {
  theme: 'system' | 'light' | 'dark' | 'contrast';
  accent: string;
  language: Language;
  layout: Preset;
  /** The sections of a split inbox, from the top: `important`, `unread`, `flagged`, `rest`, `saved:<id>`, `label:<keyword>`. */
  sections: string[];
  keyPreset: KeyPreset;
  ownKeys: Bindings;
  singleKeys: boolean;
  conversations: boolean;
  readingFace: 'system' | 'serif';
  darkMail: boolean;
  remoteImages: 'ask' | 'proxy';
  imageSenders: string[];
  markRead: 'at-once' | 'after-2s' | 'never';
  afterFiling: 'next' | 'previous' | 'list';
  undoSeconds: 0 | 5 | 10 | 20 | 30;
  replyAll: boolean;
  richText: boolean;
  attachmentCheck: boolean;
  domainCheck: boolean;
  labels: Label[];
  templates: Template[];
  layouts: SavedLayout[];
  swipeStart: 'archive' | 'trash' | 'read' | 'none';
  swipeEnd: 'archive' | 'trash' | 'read' | 'none';
  notifyRules: NotifyRules;
  // On this device only.
  notify: boolean;
  density: 'comfortable' | 'regular' | 'compact';
  fontScale: number;
  panes: Partial<Record<Preset, Layout>>;
  offlineDays: number;
  /** Mailboxes of which everything is kept here, by id. */
  offlineFolders: string[];
  /** What is folded of the places, by id. */
  folded: string[];
  /** By what the places are sorted in a table, by their names: a property of an email, a minus before it for the other way round. */
  sorts: Record<string, string>;
  toured: boolean;
}

export const defaults: Values = {
  theme: 'system',
  accent: '',
  language: 'en',
  layout: 'columns',
  sections: ['unread', 'flagged', 'rest'],
  keyPreset: 'gmail',
  ownKeys: {},
  singleKeys: true,
  conversations: true,
  readingFace: 'system',
  darkMail: true,
  remoteImages: 'ask',
  imageSenders: [],
  markRead: 'at-once',
  afterFiling: 'next',
  undoSeconds: 10,
  replyAll: false,
  richText: true,
  attachmentCheck: true,
  domainCheck: true,
  labels: [],
  templates: [],
  layouts: [],
  swipeStart: 'archive',
  swipeEnd: 'trash',
  notifyRules: noRules,
  notify: false,
  density: 'comfortable',
  fontScale: 100,
  panes: {},
  offlineDays: 30,
  offlineFolders: [],
  folded: [],
  sorts: {},
  toured: false,
};

export const onDevice: ReadonlySet<keyof Values> = new Set(['density', 'fontScale', 'panes', 'offlineDays', 'offlineFolders', 'folded', 'sorts', 'notify']);

const oneOf =
  (...values: unknown[]) =>
  (value: unknown): boolean =>
    values.includes(value);
const isBoolean = (value: unknown): boolean => typeof value === 'boolean';
const isStrings = (value: unknown): boolean => Array.isArray(value) && value.every((item) => typeof item === 'string');
const isObjects = (value: unknown): boolean => Array.isArray(value) && value.every((item) => typeof item === 'object' && item !== null);

/** Whether something is a value of a setting. */
export const valid: Record<keyof Values, (value: unknown) => boolean> = {
  theme: oneOf('system', 'light', 'dark', 'contrast'),
  accent: (value) => typeof value === 'string' && /^(?:|#[0-9a-f]{6}|\d{1,3})$/i.test(value),
  language: (value) => typeof value === 'string' && value in languages,
  layout: isPreset,
  sections: (value) => isStrings(value) && (value as string[]).length >= SECTIONS.least && (value as string[]).length <= SECTIONS.most,
  keyPreset: (value) => typeof value === 'string' && value in keyPresets,
  ownKeys: (value) => typeof value === 'object' && value !== null && Object.values(value).every(isStrings),
  singleKeys: isBoolean,
  conversations: isBoolean,
  readingFace: oneOf('system', 'serif'),
  darkMail: isBoolean,
  remoteImages: oneOf('ask', 'proxy'),
  imageSenders: isStrings,
  markRead: oneOf('at-once', 'after-2s', 'never'),
  afterFiling: oneOf('next', 'previous', 'list'),
  undoSeconds: oneOf(0, 5, 10, 20, 30),
  replyAll: isBoolean,
  richText: isBoolean,
  attachmentCheck: isBoolean,
  domainCheck: isBoolean,
  labels: isObjects,
  templates: isObjects,
  layouts: (value) => isObjects(value) && (value as Partial<SavedLayout>[]).every((one) => typeof one.name === 'string' && isPreset(one.preset) && checked(one.layout) !== null),
  swipeStart: oneOf('archive', 'trash', 'read', 'none'),
  swipeEnd: oneOf('archive', 'trash', 'read', 'none'),
  notifyRules: isRules,
  notify: isBoolean,
  density: oneOf('comfortable', 'regular', 'compact'),
  fontScale: (value) => typeof value === 'number' && value >= 85 && value <= 150,
  panes: (value) => typeof value === 'object' && value !== null && Object.entries(value).every(([name, layout]) => isPreset(name) && checked(layout) !== null),
  offlineDays: (value) => typeof value === 'number' && value >= 0 && value <= 3650,
  offlineFolders: isStrings,
  folded: isStrings,
  sorts: (value) => typeof value === 'object' && value !== null && Object.values(value).every((one) => /^-?(?:receivedAt|from|to|subject|size)$/.test(String(one))),
  toured: isBoolean,
};

const KEY = 'mailstead.settings';
/** What the server has not been told yet: a page may close before it is. */
const CHANGED = 'mailstead.settings.changed';

export class Settings {
  readonly values = $state<Values>({ ...defaults, language: preferred() });
  #client: Client | null = null;
  #state = '';
  #timer: ReturnType<typeof setTimeout> | undefined;
  #changed = new Set<keyof Values>();
  #chain: Promise<void> = Promise.resolve();
  onChange: ((key: keyof Values, before: unknown, after: unknown) => void) | undefined;

  constructor() {
    try {
      this.#take(JSON.parse(localStorage.getItem(KEY) ?? '{}') as Record<string, unknown>);
      for (const key of JSON.parse(localStorage.getItem(CHANGED) ?? '[]') as string[]) if (key in valid) this.#changed.add(key as keyof Values);
    } catch {
      // Storage that cannot be read is no storage.
    }
    window.addEventListener('storage', (event) => {
      if (event.key === KEY && event.newValue) this.#take(JSON.parse(event.newValue) as Record<string, unknown>);
    });
  }

  #take(values: Record<string, unknown>): void {
    for (const [key, value] of Object.entries(values)) {
      if (key in valid && valid[key as keyof Values](value)) (this.values as unknown as Record<string, unknown>)[key] = value;
    }
  }

  set<K extends keyof Values>(key: K, value: Values[K]): void {
    const before = $state.snapshot(this.values[key]) as Values[K];
    if (JSON.stringify(before) === JSON.stringify(value)) return;
    this.values[key] = value;
    this.#changed.add(key);
    this.#keep();
    this.onChange?.(key, before, value);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#push(), 400);
  }

  #keep(): void {
    try {
      localStorage.setItem(KEY, JSON.stringify(this.values));
      localStorage.setItem(CHANGED, JSON.stringify([...this.#changed].filter((key) => !onDevice.has(key))));
    } catch {
      // A browser without storage: choices last as long as the page.
    }
  }

  layoutOf(preset: Preset): Layout {
    const own = this.values.panes[preset];
    if (preset !== 'split') return own ?? presets[preset];
    const { length } = this.values.sections;
    return own && count(own, 'list') === length ? own : splitInto(length);
  }

  /** The arrangement as it is now, under a name. */
  arrangement(name: string): SavedLayout {
    const { layout, density, sections } = this.values;
    return $state.snapshot({ name, preset: layout, density, layout: this.layoutOf(layout), ...(layout === 'split' ? { sections } : {}) }) as SavedLayout;
  }

  arrange(one: SavedLayout): void {
    if (one.sections) this.set('sections', one.sections);
    this.set('panes', { ...this.values.panes, [one.preset]: one.layout });
    this.set('density', one.density);
    this.set('layout', one.preset);
  }

  /** Take the user's settings from the server, then send what was changed here meanwhile. */
  async attach(client: Client): Promise<void> {
    if (!client.has(PLUS)) return;
    this.#client = client;
    await this.pull();
  }

  async pull(): Promise<void> {
    const client = this.#client;
    if (!client) return;
    try {
      const answer = await client.call<{ state: string; list: { id: string; value: unknown }[] }>('ClientSettings/get', { ids: null });
      this.#state = answer.state;
      const theirs = Object.fromEntries(answer.list.map(({ id, value }) => [id, value]));
      for (const key of [...onDevice, ...this.#changed]) delete theirs[key];
      this.#take(theirs);
      this.#keep();
      await this.#push();
    } catch {
      // Settings that cannot be fetched stay as they are here.
    }
  }

  /** Another device has chosen something: take what is new. What devices tell each other of their deeds (decision 81) is no choice. */
  news(): Promise<void> {
    return this.#serial(async () => {
      const client = this.#client;
      if (!client || !this.#state) return;
      try {
        const { created, updated, newState } = await client.call<ChangesResponse>('ClientSettings/changes', { sinceState: this.#state });
        const ids = [...created, ...updated].filter((id) => id in valid && !onDevice.has(id as keyof Values));
        if (ids.length) {
          const { list } = await client.call<GetResponse<{ id: string; value: unknown }>>('ClientSettings/get', { ids });
          // What was chosen here meanwhile is newer.
          this.#take(Object.fromEntries(list.filter(({ id }) => !this.#changed.has(id as keyof Values)).map(({ id, value }) => [id, value])));
          this.#keep();
        }
        this.#state = newState;
      } catch (error) {
        if (error instanceof Refused && error.type === 'cannotCalculateChanges') void this.pull();
      }
    });
  }

  /** What is told and what is heard never overtake each other: an older choice would come back. */
  #serial(work: () => Promise<void>): Promise<void> {
    this.#chain = this.#chain.then(work);
    return this.#chain;
  }

  #push(): Promise<void> {
    return this.#serial(() => this.#tell());
  }

  async #tell(): Promise<void> {
    const client = this.#client;
    const keys = [...this.#changed].filter((key) => !onDevice.has(key));
    if (!client || !keys.length) return;
    this.#changed.clear();
    try {
      const update = Object.fromEntries(keys.map((key) => [key, { value: $state.snapshot(this.values[key]) }]));
      // The state stays: what others have chosen since is heard by `news`, and one's own with it.
      const answer = await client.call<{ notUpdated?: Record<string, { type: string }> | null }>('ClientSettings/set', { update });
      const absent = keys.filter((key) => answer.notUpdated?.[key]?.type === 'notFound');
      if (absent.length) {
        await client.call('ClientSettings/set', { create: Object.fromEntries(absent.map((key) => [key, { id: key, value: $state.snapshot(this.values[key]) }])) });
      }
      this.#keep();
    } catch {
      for (const key of keys) this.#changed.add(key);
    }
  }

  get state(): string {
    return this.#state;
  }
}
