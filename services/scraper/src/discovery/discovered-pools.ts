import type { ScrapeConfig } from '@everflame/contract';
import { LABEL_SERVICE_NAME } from '@everflame/profile';
import type { Principal } from '@everflame/service-kit';
import type { Provider } from '../application/ports.ts';
import type { DiscoveredPool } from '../application/scrape-manager.ts';
import { poolOf, selfPool, type TargetGroup } from '../application/scrape-pool.ts';
import type { SelfTarget } from '../config.ts';

/** Returns the pools of the scrape configs and that of Everflame's own processes, with a provider for each way to find targets. */
export function discoveredPools(
  principal: Principal,
  configs: readonly ScrapeConfig[],
  selfTargets: readonly SelfTarget[],
): readonly DiscoveredPool[] {
  const configured = configs.map((config) => ({
    pool: poolOf(principal, config),
    providers: { static_configs: listed(config.static_configs) },
  }));
  const own = selfTargets.map(({ serviceName, address }) => ({
    targets: [address],
    labels: { [LABEL_SERVICE_NAME]: serviceName },
  }));
  return [...configured, { pool: selfPool(principal), providers: { self: listed(own) } }];
}

function listed(groups: readonly TargetGroup[]): Provider {
  return (onGroups) => onGroups(groups);
}
