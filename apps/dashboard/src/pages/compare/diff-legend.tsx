import { useSyncExternalStore } from 'react';
import { currentTheme, onThemeChange } from '../../ui/theme.ts';
import { BUCKET_FIRST_COLOUR } from '../../features/flamegraph/scene/palette.ts';
import { CHANGE_SCHEME } from '../../features/flamegraph/scene/schemes/change.ts';

/** What the colours of the diff mean. */
export function DiffLegend() {
  const theme = useSyncExternalStore(onThemeChange, currentTheme);
  const ramp = CHANGE_SCHEME.styles(theme).slice(BUCKET_FIRST_COLOUR);
  return (
    <p className="row diff-legend muted">
      <span>less</span>
      <span className="ramp" aria-hidden="true">
        {ramp.map((style) => (
          <span key={style.fill} style={{ background: style.fill }} />
        ))}
      </span>
      <span>more</span>
      <span>
        Colour is the part of the whole change that a function is on the path of. + is new, − is gone.
      </span>
    </p>
  );
}
