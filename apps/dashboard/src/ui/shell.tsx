import { Link, Outlet, useMatches, useRouter } from '@tanstack/react-router';
import { ThemeToggle } from './theme-toggle.tsx';
import { TimeRangePicker } from './time-range-picker.tsx';

function Logo() {
  return (
    <svg className="logo" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
      <rect x="1" y="2" width="18" height="3.4" rx="1" fill="var(--flame-1)" />
      <rect x="1" y="6.6" width="13.5" height="3.4" rx="1" fill="var(--flame-2)" />
      <rect x="4" y="11.2" width="7.5" height="3.4" rx="1" fill="var(--flame-3)" />
      <rect x="5.5" y="15.8" width="3.5" height="3.2" rx="1" fill="var(--flame-4)" />
    </svg>
  );
}

function PageLinks() {
  const { routesByPath } = useRouter();
  return Object.entries(routesByPath).map(([path, { options }]) => {
    const { label, Badge } = options.staticData ?? {};
    if (label === undefined) return null;
    return (
      <Link key={path} to={path} activeOptions={{ exact: path === '/', includeSearch: false }}>
        {label}
        {Badge ? <Badge /> : null}
      </Link>
    );
  });
}

/** Frame of every page: name, navigation, time range, theme. */
export function Shell() {
  const hasRange = useMatches().some((match) => match.staticData.hasRange);
  return (
    <>
      <a className="skip-link" href="#content">
        Skip to content
      </a>
      <header className="topbar">
        <Link to="/" className="brand">
          <Logo /> Everflame
        </Link>
        <nav className="nav" aria-label="Pages">
          <PageLinks />
        </nav>
        <div className="topbar-end">
          {hasRange ? <TimeRangePicker /> : null}
          <ThemeToggle />
        </div>
      </header>
      <main id="content" className="stack page" tabIndex={-1}>
        <Outlet />
      </main>
    </>
  );
}
