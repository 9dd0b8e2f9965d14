import { Link, Outlet, useMatches } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import { alertsQuery } from '../api/queries.ts';
import { ThemeToggle } from './theme-toggle.tsx';
import { TimeRangePicker } from './time-range-picker.tsx';

const PAGES = [
  { to: '/', label: 'Services' },
  { to: '/compare', label: 'Compare' },
  { to: '/alerts', label: 'Alerts' },
  { to: '/targets', label: 'Targets' },
] as const;

function FiringCount() {
  const alerts = useQuery({ ...alertsQuery(), refetchInterval: 30_000 });
  const firing = alerts.data?.alerts.filter((alert) => alert.state === 'firing').length ?? 0;
  if (firing === 0) return null;
  return (
    <span className="count-badge" title={`${firing} firing`}>
      {firing}
      <span className="visually-hidden"> firing</span>
    </span>
  );
}

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

/** Frame of every page: name, navigation, time range, theme. */
export function Shell() {
  const ranged = useMatches().some(
    (match) => match.routeId === '/' || match.routeId === '/services/$service',
  );
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
          {PAGES.map((page) => (
            <Link key={page.to} to={page.to} activeOptions={{ exact: page.to === '/', includeSearch: false }}>
              {page.label}
              {page.to === '/alerts' ? <FiringCount /> : null}
            </Link>
          ))}
        </nav>
        <div className="topbar-end">
          {ranged ? <TimeRangePicker /> : null}
          <ThemeToggle />
        </div>
      </header>
      <main id="content" className="page" tabIndex={-1}>
        <Outlet />
      </main>
    </>
  );
}
