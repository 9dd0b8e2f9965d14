import { runService } from '@everflame/service-kit';
import { readConfig } from './config.ts';
import { createScraper } from './create-scraper.ts';

await runService('everflame-scraper', (logger) => createScraper(readConfig(process.env), logger));
