import { describe } from 'vitest';
import type { DocumentForm } from '../../src/documents/versioned-document.ts';
import { MemoryDocuments } from '../support/memory-ports.ts';
import { itStoresAlerts, itStoresReceivers, itStoresRules } from '../support/store-contract.ts';

const makeStore = <T extends object>(form: DocumentForm<T>) => Promise.resolve(new MemoryDocuments(form));

describe('the rule store in memory', () => itStoresRules(makeStore));
describe('the alert store in memory', () => itStoresAlerts(makeStore));
describe('the receiver store in memory', () => itStoresReceivers(makeStore));
