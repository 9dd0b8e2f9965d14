export { readConfig, type ScraperConfig, type SelfTarget } from './config.ts';
export { createScraper } from './create-scraper.ts';
