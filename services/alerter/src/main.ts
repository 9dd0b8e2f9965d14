import { runService } from '@everflame/service-kit';
import { readConfig } from './config.ts';
import { createAlerter } from './create-alerter.ts';

await runService('everflame-alerter', (logger) => createAlerter(readConfig(process.env), logger));
