export { type AlerterConfig, readConfig } from './config.ts';
export { createAlerter } from './create-alerter.ts';
