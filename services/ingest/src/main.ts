import { runService } from '@everflame/service-kit';
import { readConfig } from './config.ts';
import { createIngest } from './create-ingest.ts';

await runService('everflame-ingest', (logger) => createIngest(readConfig(process.env), logger));
