import type { Theme } from '../../../ui/theme.ts';

/** Fill of a box and the text on it; every pair has a contrast of 4.5 or more. */
export interface BoxStyle {
  readonly fill: string;
  readonly text: string;
}

/** Styles that every scene has, by bucket; the colours of a scene follow. */
export const BUCKET_ROOT = 0;
export const BUCKET_CUT = 1;
export const BUCKET_MATCH = 2;
export const BUCKET_FADED = 3;
export const BUCKET_RUNTIME = 4;
/** First bucket of the colours of a scheme. */
export const BUCKET_FIRST_COLOUR = 5;

export const INK = { light: '#1b2129', dark: '#11151a' };

export const SHARED_STYLES: Readonly<Record<Theme, readonly BoxStyle[]>> = {
  light: [
    { fill: '#d3d9e1', text: INK.light },
    { fill: '#f0f2f5', text: '#56606d' },
    { fill: '#b79cf2', text: INK.light },
    { fill: '#e6e9ed', text: '#565f6b' },
    { fill: '#c9d0d9', text: INK.light },
  ],
  dark: [
    { fill: '#3a424d', text: '#e6e9ee' },
    { fill: '#1e232b', text: '#a3adba' },
    { fill: '#b79cf2', text: INK.dark },
    { fill: '#2b313a', text: '#a5aebb' },
    { fill: '#8590a0', text: INK.dark },
  ],
};

/** Colours of the painter that belong to no box. */
export function canvasColours(theme: Theme): { readonly background: string; readonly outline: string } {
  return theme === 'dark'
    ? { background: '#161a20', outline: '#ffffff' }
    : { background: '#ffffff', outline: '#11151a' };
}

/** WCAG contrast of two `#rrggbb` colours. */
export function contrast(a: string, b: string): number {
  const light = Math.max(luminance(a), luminance(b));
  const dark = Math.min(luminance(a), luminance(b));
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const channel = (at: number): number => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}
