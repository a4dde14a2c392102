/** The chosen appearance on the root element; the style sheets read it from there. */
import type { Values } from '../cache/settings.svelte.ts';

export function applyTheme(values: Values): void {
  const root = document.documentElement;
  if (values.theme === 'system') delete root.dataset['theme'];
  else root.dataset['theme'] = values.theme;
  root.dataset['density'] = values.density;
  root.style.fontSize = `${values.fontScale}%`;
  const accent = values.theme === 'contrast' ? null : accentOf(values.accent);
  for (const [name, value] of Object.entries(accent ?? { '--accent': '', '--accent-fill': '', '--accent-fill-hover': '', '--accent-soft': '', '--focus': '' })) {
    if (value) root.style.setProperty(name, value);
    else root.style.removeProperty(name);
  }
}

/**
 * Any colour as an accent that can be read: its hue is kept, its lightness is ours (WCAG 1.4.3: 4.5:1 on every surface).
 * `choice` is a hue in degrees or `#rrggbb`; empty is the accent of the style sheet. High contrast keeps its own.
 */
export function accentOf(choice: string): Record<string, string> | null {
  if (!choice) return null;
  const hue = choice.startsWith('#') ? hueOf(choice) : Number(choice);
  if (hue === null || Number.isNaN(hue)) return null;
  return {
    '--accent': `light-dark(oklch(0.46 0.15 ${hue}), oklch(0.82 0.09 ${hue}))`,
    '--accent-fill': `light-dark(oklch(0.46 0.15 ${hue}), oklch(0.5 0.15 ${hue}))`,
    '--accent-fill-hover': `light-dark(oklch(0.41 0.15 ${hue}), oklch(0.46 0.15 ${hue}))`,
    '--accent-soft': `light-dark(oklch(0.965 0.02 ${hue}), oklch(0.27 0.04 ${hue}))`,
    '--focus': `light-dark(oklch(0.46 0.15 ${hue}), oklch(0.82 0.09 ${hue}))`,
  };
}

/** The OKLCH hue of an sRGB colour, null where it is grey. */
export function hueOf(hex: string): number | null {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const value = parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  const l = Math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue);
  const m = Math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue);
  const s = Math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue);
  const a = 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s;
  const b = 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s;
  if (Math.hypot(a, b) < 0.02) return null;
  return Math.round((Math.atan2(b, a) * 180) / Math.PI + 360) % 360;
}
