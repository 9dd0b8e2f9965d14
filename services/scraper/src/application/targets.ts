import { createHash } from 'node:crypto';
import type { EverflameFile, ScrapeConfig } from '@everflame/contract';
import {
  DomainError,
  LABEL_INSTANCE,
  LABEL_SERVICE_NAME,
  LabelSet,
  validateLabels,
} from '@everflame/profile';
import { profilesOf, type ProfileToScrape, selfProfiles } from './scrape-profile.ts';

/** One process that is scraped, and how. */
export interface Target {
  /** Stable across restarts and replicas: a hash of pool, URL and labels. */
  readonly id: string;
  /** Scrape pool: the job_name of its scrape config. */
  readonly pool: string;
  /** `http://host:port` */
  readonly url: string;
  readonly labels: LabelSet;
  readonly intervalMs: number;
  /** How long an answer may take beyond the length of a recording. */
  readonly timeoutMs: number;
  readonly profiles: readonly ProfileToScrape[];
}

const SELF_POOL = 'everflame';
const SELF_INTERVAL_MS = 15_000;
const TIMEOUT_SPARE_MS = 3000;

/** A stable id of a target. */
export function targetId(pool: string, url: string, labels: LabelSet): string {
  const identity = JSON.stringify([pool, url, labels.entries()]);
  return createHash('sha256').update(identity).digest('hex').slice(0, 20);
}

/**
 * Where in its interval a target is scraped, 1 to `intervalMs` - 1, in ms: a hash spreads the targets evenly, and the
 * slot of a target never moves.
 */
export function scheduleOffsetMs(target: Pick<Target, 'id' | 'intervalMs'>): number {
  const spread = Number.parseInt(target.id.slice(0, 12), 16) / 2 ** 48;
  return 1 + Math.floor(spread * (target.intervalMs - 1));
}

/** The targets of a configuration by id. */
export class TargetSet {
  readonly #byId: ReadonlyMap<string, Target>;

  constructor(targets: Iterable<Target>) {
    this.#byId = new Map([...targets].map((target) => [target.id, target]));
  }

  get size(): number {
    return this.#byId.size;
  }

  get(id: string): Target | undefined {
    return this.#byId.get(id);
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  [Symbol.iterator](): Iterator<Target> {
    return this.#byId.values();
  }
}

/**
 * The targets of `everflame.yaml` and Everflame's own processes. A target that is listed twice is scraped once.
 * `problems` receives a line for each setting that makes no sense.
 */
export function targetsOf(
  file: EverflameFile,
  selfTargets: readonly { readonly serviceName: string; readonly address: string }[],
  problems: string[],
): TargetSet {
  const configured = file.scrape_configs.flatMap((config) => targetsOfConfig(config, problems));
  const own = selfTargets.map(({ serviceName, address }) =>
    buildTarget({
      pool: SELF_POOL,
      url: `http://${address}`,
      labels: LabelSet.of({
        [LABEL_SERVICE_NAME]: serviceName,
        [LABEL_INSTANCE]: address,
        job: SELF_POOL,
      }),
      intervalMs: SELF_INTERVAL_MS,
      timeoutMs: SELF_INTERVAL_MS + TIMEOUT_SPARE_MS,
      profiles: selfProfiles(SELF_INTERVAL_MS),
    }),
  );
  return new TargetSet([...configured, ...own]);
}

function targetsOfConfig(config: ScrapeConfig, problems: string[]): Target[] {
  const profiles = profilesOf(config, problems);
  const timeoutMs = config.scrape_timeout ?? config.scrape_interval + TIMEOUT_SPARE_MS;
  return config.static_configs.flatMap((group) =>
    group.targets.map((address) => {
      const labels = LabelSet.of({
        [LABEL_SERVICE_NAME]: config.job_name,
        [LABEL_INSTANCE]: address,
        job: config.job_name,
        ...group.labels,
      });
      checkLabels(labels, `scrape_configs.${config.job_name}: ${address}`, problems);
      return buildTarget({
        pool: config.job_name,
        url: `${config.scheme}://${address}`,
        labels,
        intervalMs: config.scrape_interval,
        timeoutMs,
        profiles,
      });
    }),
  );
}

function checkLabels(labels: LabelSet, where: string, problems: string[]): void {
  try {
    validateLabels(labels);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    problems.push(`${where}: ${error.message}`);
  }
}

function buildTarget(target: Omit<Target, 'id'>): Target {
  return { id: targetId(target.pool, target.url, target.labels), ...target };
}
