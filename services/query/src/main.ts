import { runService } from '@everflame/service-kit';
import { readConfig } from './config.ts';
import { createQuery } from './create-query.ts';

await runService('everflame-query', (logger) => createQuery(readConfig(process.env), logger));
