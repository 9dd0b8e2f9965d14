/** A rectangle of the overlay in CSS pixels; `line` is the width of its outline. */
export interface OutlineRect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly line: number;
}
