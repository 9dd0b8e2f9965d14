import { Controller, type DynamicModule, Get, Inject, Module, Param, Query, Res } from '@nestjs/common';
import { NotFoundError } from '@everflame/profile';
import type { FastifyReply } from 'fastify';
import type { Registry } from 'prom-client';
import { VERSION } from '../version.ts';
import { readinessOf, type ReadinessCheck } from './health.ts';
import { cpuProfile, heapProfile, parseSeconds } from './self-profiling.ts';

const READINESS_CHECKS = Symbol('readiness checks');
const METRICS = Symbol('metrics registry');

@Controller()
class HealthController {
  readonly #checks: readonly ReadinessCheck[];
  readonly #metrics: Registry;

  constructor(
    @Inject(READINESS_CHECKS) checks: readonly ReadinessCheck[],
    @Inject(METRICS) metrics: Registry,
  ) {
    this.#checks = checks;
    this.#metrics = metrics;
  }

  @Get('healthz')
  alive(): { status: string } {
    return { status: 'ok' };
  }

  @Get('readyz')
  async ready(@Res() reply: FastifyReply): Promise<void> {
    const report = await readinessOf(this.#checks);
    await reply
      .status(report.ready ? 200 : 503)
      .send({ status: report.ready ? 'ready' : 'not ready', checks: report.checks });
  }

  @Get('version')
  version(): typeof VERSION {
    return VERSION;
  }

  @Get('metrics')
  async scrape(@Res() reply: FastifyReply): Promise<void> {
    await reply.type(this.#metrics.contentType).send(await this.#metrics.metrics());
  }
}

@Controller('debug/pprof')
class SelfProfilingController {
  @Get(':profile')
  async profile(
    @Param('profile') profile: string,
    @Query('seconds') seconds: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const bytes = await takeProfile(profile, seconds);
    await reply
      .type('application/octet-stream')
      .header('content-disposition', `attachment; filename="${profile}"`)
      .send(bytes);
  }
}

function takeProfile(profile: string, seconds: string | undefined): Promise<Buffer> {
  if (profile === 'profile') return cpuProfile(parseSeconds(seconds));
  if (profile === 'heap') return heapProfile();
  throw new NotFoundError('unknown_profile', 'Unknown profile.', 'This process serves profile and heap.');
}

/** What every service answers: /healthz, /readyz, /version, /metrics and /debug/pprof/*. */
@Module({})
export class ServiceKitModule {
  static forService(checks: readonly ReadinessCheck[], metrics: Registry): DynamicModule {
    return {
      module: ServiceKitModule,
      controllers: [HealthController, SelfProfilingController],
      providers: [
        { provide: READINESS_CHECKS, useValue: checks },
        { provide: METRICS, useValue: metrics },
      ],
    };
  }
}
