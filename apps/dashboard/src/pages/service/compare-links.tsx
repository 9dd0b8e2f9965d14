import type { Matcher } from '@everflame/profile';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { servicesQuery } from '../../api/queries.ts';
import type { TimeRange } from '../../time/range.ts';
import { compareVersions, compareWithPrevious } from '../compare/comparison.ts';

interface CompareLinksProps {
  readonly service: string;
  readonly type: string;
  readonly query: string;
  readonly range: TimeRange;
  readonly matchers: readonly Matcher[];
}

/** Comparisons that need no input: the range before, and the two newest versions. */
export function CompareLinks({ service, type, query, range, matchers }: CompareLinksProps) {
  const services = useQuery(servicesQuery(range));
  const versions = (services.data?.services.find(({ name }) => name === service)?.versions ?? [])
    .filter(({ version }) => version !== '')
    .toSorted((a, b) => b.firstSeen - a.firstSeen || b.lastSeen - a.lastSeen);
  const [after, before] = versions;
  return (
    <div className="row compare-links">
      <Link
        className="button"
        to="/compare"
        search={compareWithPrevious(query, range)}
        data-testid="compare-previous"
      >
        Compare with previous period
      </Link>
      {after && before ? (
        <Link
          className="button"
          to="/compare"
          data-testid="compare-versions"
          search={compareVersions(
            { type, service, matchers },
            { before: before.version, after: after.version },
            range,
          )}
        >
          Compare versions <span className="muted">{`${before.version} → ${after.version}`}</span>
        </Link>
      ) : null}
    </div>
  );
}
