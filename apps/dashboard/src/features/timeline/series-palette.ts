/** Colours of lines in a timeline, distinct in lightness and hue for colour-blind viewers; light, then dark. */
export const SERIES_COLOURS: readonly { readonly light: string; readonly dark: string }[] = [
  { light: '#c2500a', dark: '#f2994a' },
  { light: '#2467b3', dark: '#62a8ee' },
  { light: '#1b7f5c', dark: '#4cc79a' },
  { light: '#8a4bb0', dark: '#c490e4' },
  { light: '#a3700a', dark: '#e0bb4d' },
  { light: '#b83260', dark: '#f080a5' },
  { light: '#3f7482', dark: '#7fbccb' },
  { light: '#6b6f1f', dark: '#b9be5e' },
];
