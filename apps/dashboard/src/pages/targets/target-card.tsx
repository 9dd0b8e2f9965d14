import type { TargetProfileStatus, TargetsResponse } from '@everflame/contract';
import { formatValue } from '@everflame/flamegraph';
import { visibleText } from '@everflame/profile';
import { Link } from '@tanstack/react-router';
import { describeDuration, formatAgo } from '../../time/range.ts';
import { TableHead } from '../../ui/table.tsx';
import { labelChips } from '../../ui/labels.tsx';

type Target = TargetsResponse['targets'][number];

const HEALTH_TEXT = { up: 'up', down: 'down', unknown: 'not scraped yet' } as const;

/** Health as a word with a mark; colour alone never says it. */
export function Health({ health }: { health: Target['health'] }) {
  const sign = { up: '●', down: '▲', unknown: '○' }[health];
  return (
    <span className="health" data-health={health}>
      <span aria-hidden="true">{sign}</span> {HEALTH_TEXT[health]}
    </span>
  );
}

/** One target with every profile that is scraped from it. */
export function TargetCard({ target }: { target: Target }) {
  const service = target.labels['service_name'];
  return (
    <article className="panel stack target" data-testid="target-row" data-health={target.health}>
      <header className="row card-head">
        <Health health={target.health} />
        <h2>
          {service === undefined ? (
            visibleText(target.url)
          ) : (
            <Link to="/services/$service" params={{ service }}>
              {visibleText(service)}
            </Link>
          )}
        </h2>
        <span className="mono muted target-url">{visibleText(target.url)}</span>
        <span className="muted">
          {visibleText(target.pool)} · every {describeDuration(target.scrapeIntervalMs)}
        </span>
      </header>
      <Labels labels={target.labels} />
      <ProfilesTable profiles={target.profiles} />
    </article>
  );
}

function Labels({ labels }: { labels: Target['labels'] }) {
  const entries = Object.entries(labels).filter(([name]) => name !== 'service_name');
  if (entries.length === 0) return null;
  return <p className="chips">{labelChips(entries)}</p>;
}

function ProfilesTable({ profiles }: { profiles: readonly TargetProfileStatus[] }) {
  if (profiles.length === 0) return <p className="muted">No profile is enabled for this target.</p>;
  return (
    <div className="table-scroll">
      <table className="target-profiles cards-when-narrow">
        <TableHead
          columns={[
            'Profile',
            'Health',
            { number: 'Last scrape' },
            { number: 'Took' },
            { number: 'Size' },
            { number: 'Failed' },
            'Last error',
          ]}
        />
        <tbody>
          {profiles.map((profile) => (
            <ProfileRow key={profile.profile} profile={profile} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function ProfileRow({ profile }: { profile: TargetProfileStatus }) {
  return (
    <tr data-testid="target-profile">
      <th scope="row">{visibleText(profile.profile)}</th>
      <td data-label="Health">
        <Health health={profile.health} />
      </td>
      <td className="number" data-label="Last scrape">
        {profile.lastScrapeAt === null ? '–' : formatAgo(profile.lastScrapeAt, Date.now())}
      </td>
      <td className="number" data-label="Took">
        {profile.lastDurationMs === null ? '–' : formatValue(profile.lastDurationMs, 'milliseconds')}
      </td>
      <td className="number" data-label="Size">
        {profile.lastBytes === null ? '–' : formatValue(profile.lastBytes, 'bytes')}
      </td>
      <td className="number" data-label="Failed">
        {profile.failures.toLocaleString('en')} of {profile.scrapes.toLocaleString('en')}
      </td>
      <td data-label="Last error" className="target-error">
        {profile.lastError === null ? (
          <span className="muted">none</span>
        ) : (
          <>
            <code>{profile.lastError.code}</code> {visibleText(profile.lastError.message)}
          </>
        )}
      </td>
    </tr>
  );
}
