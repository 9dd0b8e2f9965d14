import { describe } from 'vitest';
import { MemoryAlertStore, MemoryRuleStore } from '../support/memory-ports.ts';
import { itStoresAlerts, itStoresRules } from '../support/store-contract.ts';

describe('the rule store in memory', () => itStoresRules(() => Promise.resolve(new MemoryRuleStore())));
describe('the alert store in memory', () => itStoresAlerts(() => Promise.resolve(new MemoryAlertStore())));
