import { useQuery } from '@tanstack/react-query';
import { alertsQuery } from '../../api/queries.ts';

/** How many alerts fire, for the navigation. */
export function FiringCount() {
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
